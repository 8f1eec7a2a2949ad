"""Records that nobody makes over the API (activity does, or a catalogue): planted in the store, every field filled.

They are written by the plain engine itself, as the home path of their kind would, so what is judged is what serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asking import request_of
from msgspec.structs import replace

from localloop import server
from localloop.contract import load
from localloop.contract.model import Field, Param, Path, Resource
from localloop.core import clock, sids
from localloop.products import numbers
from localloop.products.messaging import Message
from localloop.products.messaging.link.book import Links
from localloop.products.messaging.link.queries import change_domain
from localloop.products.messaging.message.queries import insert
from localloop.products.voice.call.lifecycle import Status
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.queries import insert as insert_calls
from localloop.products.voice.call.resource import Call
from localloop.products.voice.conference.desk import Desk, Host
from localloop.products.voice.conference.room import Entry
from localloop.products.voice.recording import take
from localloop.products.voice.recording.desk import Recorder
from localloop.products.voice.recording.take import Of
from localloop.rest.plain import Plain
from localloop.rest.plain_data import fields_of
from localloop.rest.request import Caller
from localloop.rest.shared import LocalRevocations
from localloop.store import Database
from localloop.store.plain import PlainStore
from localloop.webhooks import Alert, Preferences
from localloop.webhooks.alerts import Raised, keep
from tests.conformance import values

# Kinds that a product keeps in tables of its own: what is planted in the plain store would not be seen there.
_BOUND = frozenset(binding.resource for binding in server.bindings())
KEPT_ELSEWHERE = frozenset(resource.kind for resource in load().resources() if resource.key in _BOUND)
_ASKED = {
    "url": "http://127.0.0.1:9/",
    "method": "POST",
    "headers": {"Accept": "*/*"},
    "parameters": {"A": "b"},
}
_EXCHANGE = {"request": _ASKED, "response": {"status_code": 500, "headers": {"Server": "x"}, "body": "no"}}
_COUNTRIES = ("api/AvailablePhoneNumberCountry", "voice/DialingPermissionsCountry")
_ORDER = ("collection", "instance", "singleton")


class Seeds:
    """Plants records for one account."""

    def __init__(self, database: Database, account_sid: str) -> None:
        self._database = database
        self._account_sid = account_sid
        self._count = 0
        self._of_calls: dict[str, str] = {}  # the walk's call and conference, as far as it has them
        self._store = PlainStore(database)
        self._plain = Plain(self._store, load())
        self._plain.know(dict.fromkeys(load().kinds, _is_there))

    async def close(self) -> None:
        await self._store.close()

    async def elsewhere(self, kind: str) -> str | None:
        """The id of a record of a kind that a product keeps in tables of its own, made the way activity makes it."""
        self._count += 1
        if kind == "api/ShortCode":
            code = str(20_000 + self._count)
            owned = await numbers.add_short_code(self._database, await self._world(), self._account_sid, code)
            return owned.sid if owned else None
        if kind == "api/TollFreeNumber":
            return await self._toll_free()
        if kind == "messaging/WhatsappMessage":
            return await self._whatsapp_message()
        if kind == "messaging/LinkDomain":
            return await self._domain()
        if kind == "monitor/Alert":
            return await self._alert()
        if kind == "api/Call":
            self._of_calls["call"] = sids.from_uuid("CA", await self._call())
            return self._of_calls["call"]
        if kind == "api/Conference":
            self._of_calls["conference"] = await self._conference()
            return self._of_calls["conference"]
        if kind == "voice/ArchivedCall":
            made = datetime(2020, 1, 31, 12, tzinfo=UTC)
            return sids.from_uuid("CA", await self._call(status="completed", at=made))
        if kind == "insights/CallSummaries":
            return sids.from_uuid(
                "CA", await self._call(status="completed", at=datetime(2020, 2, 1, tzinfo=UTC))
            )
        if kind == "insights/Conference":
            return await self._conference()
        if kind == "api/Transcription":
            return await self._transcription()
        if kind == "api/CallEvent":
            return await self._exchange()
        if kind == "api/Notification":
            return await self._alert(self._of_calls["call"])
        if kind == "api/Recording":
            return await self._recording()
        if kind == "api/Member":
            return await self._queued()
        return "US" if kind in _COUNTRIES else None

    async def _toll_free(self) -> str:
        """A number of the walk that texts of businesses may come from."""
        directory = numbers.Directory(self._database, LocalRevocations())
        async with self._database.unit() as unit:
            owned = await directory.adopt(unit, await self._world(), self._account_sid, "+18885819999")
        await directory.close()
        assert owned is not None
        return owned.sid

    async def _whatsapp_message(self) -> str:
        """One that came in."""
        world_sid = await self._world()
        now = clock.now(world_sid)
        message = Message(
            account_sid=self._account_sid,
            world_sid=world_sid,
            id=sids.new_id(),
            status="received",
            direction="inbound",
            from_="whatsapp:+15558675310",
            to="whatsapp:+15017122661",
            body="hi",
            date_created=now,
            date_updated=now,
        )
        async with self._database.unit() as unit:
            await insert(unit, [message])
        return message.sid

    async def _domain(self) -> str:
        """A domain of short links with everything that can be had for one."""
        links, world_sid = Links(self._database, "http://127.0.0.1"), await self._world()
        domain = await links.add_domain(self._account_sid, world_sid, f"go{self._count}.example.com")
        now = clock.now(world_sid).isoformat()
        certificate = {"certificate_sid": sids.new("CW"), "date_expires": now, "date_created": now}
        await change_domain(self._database, replace(domain, data={"certificate": certificate}))
        return domain.sid

    async def _exchange(self) -> str:
        """What the walk's call asked an application, and its answer."""
        sent = {"method": "POST", "url": "http://127.0.0.1:9/", "headers": [], "body": "A=b"}
        came = {"status": 200, "headers": [["Content-Type", "text/xml"]], "body": "<Response/>"}
        await self._database.execute(
            "insert into deliveries (account_sid, id, kind, resource_sid, url, method, attempt, detail, date_created)"
            " values ($1, $2, 'instruction', $3, 'http://127.0.0.1:9/', 'POST', 1, $4, $5)",
            self._account_sid,
            sids.new_id(),
            self._of_calls["call"],
            {"request": sent, "response": came},
            clock.now(await self._world()),
        )
        return "event"

    async def _alert(self, resource_sid: str = "") -> str:
        """As a callback leaves one that had no good answer."""
        world_sid = await self._world()
        alert = Alert(
            account_sid=self._account_sid,
            world_sid=world_sid,
            error_code=11200,
            at=clock.now(world_sid),
            resource_sid=resource_sid or sids.new("SM"),
            service_sid=sids.new("MG"),
            exchange=_EXCHANGE,
        )
        async with self._database.unit() as unit:
            await keep(unit, [Raised(alert, Preferences())])
        return alert.sid

    async def _call(self, *, status: Status = "in-progress", at: datetime | None = None) -> UUID:
        """One that was answered, and goes on."""
        world_sid = await self._world()
        now = at or clock.now(world_sid)
        call = Call(
            account_sid=self._account_sid,
            world_sid=world_sid,
            id=sids.new_id(),
            status=status,
            direction="inbound",
            from_="+15558675310",
            to="client:walk",
            start_time=now,
            answer_time=now,
            end_time=now if status == "completed" else None,
            date_created=now,
            date_updated=now,
        )
        async with self._database.unit() as unit:
            await insert_calls(unit.connection, [Live(call=call, root=call.id, at=now)])
        return call.id

    async def _conference(self) -> str:
        """With somebody in it who waits."""
        world_sid, call_id = await self._world(), await self._call()
        host = Host(
            account_sid=self._account_sid,
            world_sid=world_sid,
            name=f"Room {self._count}",
            at=clock.now(world_sid),
        )
        async with self._database.unit() as unit:
            desk = Desk(Recorder(self._database, ""))
            entered = await desk.enter(unit, host, Entry(call_sid=sids.from_uuid("CA", call_id)))
        return entered.room.sid

    async def _recording(self) -> str:
        """Of the walk's call and conference at once, so that both show it; it goes on."""
        world_sid = await self._world()
        call, conference = self._of_calls.get("call"), self._of_calls.get("conference")
        of = Of(
            account_sid=self._account_sid,
            world_sid=world_sid,
            at=clock.now(world_sid),
            call_id=sids.uuid_of(call) if call else None,
            conference_id=sids.uuid_of(conference) if conference else None,
        )
        recording = take.begin(of, take.Wish(source="Conference"))
        async with self._database.unit() as unit:
            await Recorder(self._database, "").begin(unit, [recording])
        return recording.sid

    async def _transcription(self) -> str:
        """Of the walk's oldest recording."""
        new_id = sids.new_id()
        await self._database.execute(
            "insert into transcriptions select account_sid, $2, world_sid, id, 'completed', 'hello', 5, -0.05,"
            " date_created, date_created from recordings where account_sid = $1 order by id limit 1",
            self._account_sid,
            new_id,
        )
        return sids.from_uuid("TR", new_id)

    async def end_recording(self, sid: str) -> None:
        """As the worker makes one ready."""
        sql = "update recordings set status = 'completed', duration = 5 where account_sid = $1 and id = $2"
        await self._database.execute(sql, self._account_sid, sids.uuid_of(sid))

    async def _queued(self) -> str:
        """The call of a caller in the walk's own queue."""
        call_id = await self._call()
        async with self._database.unit() as unit:
            await unit.execute(
                "insert into queue_members (account_sid, queue_id, id, call_id, enqueued_at)"
                " select account_sid, id, $2, $3, date_created from queues where account_sid = $1"
                " order by id limit 1",
                self._account_sid,
                sids.new_id(),
                call_id,
            )
        return sids.from_uuid("CA", call_id)

    async def type_code(self, validation: Mapping[str, Any]) -> None:
        """Somebody types the code of a validation on the phone that was called."""
        phone_number, code = validation["phone_number"], validation["validation_code"]
        await numbers.confirm(self._database, await self._world(), phone_number, code)

    async def _world(self) -> str:
        found = "select world_sid from accounts where sid = $1"
        return str(await self._database.fetchval(found, self._account_sid))

    async def plant(
        self,
        path: Path,
        ids: Mapping[str, str],
        known: Mapping[str, str],
        given: Mapping[str, Any],
        own: str | None,
    ) -> tuple[str, dict[str, Any]]:
        """The id and the fields of a new record at `path`; `known` are ids of other records by prefix."""
        caller = Caller(account_sid=self._account_sid, world_sid=await self._world())
        request = request_of(path.operations[0].id, caller, None, **{path.id_param or "": "", **ids})
        resource = load().kind(path.kind)
        empty = [
            field
            for field in fields_of(request)
            if (field.source in ("initial", "param") and field.initial in (None, "", [], {}))
            or (field.source == "parent" and field.source_name not in ids)
        ]
        filled = {field.name: values.of_field(field, known) for field in empty} | _filterable(path, empty)
        filled |= given
        own = own or self._new_id(resource, filled)
        if resource.id_field in filled:
            filled[resource.id_field] = own
        if path.role == "singleton":
            item = await self._plain.create(request, fields=filled)
            return path.kind, dict(item.fields)
        if path.id_param:
            request.ids[path.id_param] = own
        item = await self._plain.create(request, sid=own, fields=filled)
        return own, dict(item.fields)

    def _new_id(self, resource: Resource, filled: Mapping[str, Any]) -> str:
        self._count += 1
        if resource.prefixes:
            return sids.new(resource.prefixes[0])
        return f"{filled.get(resource.id_field or '', 'id')}{self._count}"


def _filterable(path: Path, fields: Iterable[Field]) -> dict[str, Any]:
    """Values that the filters of the lists of a kind accept."""
    names = {field.name for field in fields}
    lists = [
        operation
        for place in load().kind(path.kind).paths
        for operation in place.operations
        if operation.verb == "list"
    ]
    params = [param for operation in lists for param in operation.params if param.field]
    found: dict[str, Any] = {
        str(param.field): values.value(param)
        for param in params
        if param.field in names and param.comparison == "=" and param.type != "array" and _is_narrow(param)
    }
    for param in params:
        outer, _, inner = str(param.field).partition(".")
        if inner and outer in names:
            asked = values.value(param)
            found.setdefault(outer, {})[inner] = asked[0] if isinstance(asked, list) else asked
    return found


def _is_narrow(param: Param) -> bool:
    return bool(param.enum or param.pattern or param.sid or param.type in ("integer", "boolean"))


def home(kind: str) -> Path | None:
    """The path that a record of this kind is planted at: None when the plain store does not serve the kind."""
    if kind in KEPT_ELSEWHERE:
        return None
    paths = [path for path in load().kind(kind).paths if path.kind == kind and path.role in _ORDER]
    return min(paths, key=lambda path: _ORDER.index(path.role), default=None)


async def _is_there(account_sid: str, sid: str) -> bool:
    return True
