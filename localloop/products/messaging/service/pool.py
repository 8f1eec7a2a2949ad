"""The pool of a service: numbers, short codes, alphanumeric senders and senders of channels.

A sender is in one pool only. A number that its account releases leaves the pool by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from msgspec import Struct

from localloop.core import e164, errors, sids
from localloop.products.messaging.channel import sender
from localloop.products.messaging.service.settings import KIND
from localloop.products.numbers import Needs, attachable
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request
from localloop.store import Unit

LIMIT: Final = 400  # numbers and short codes together (21714)
_CAPABILITIES: Final = {"voice": "Voice", "sms": "SMS", "mms": "MMS"}
_SENDER_TYPES: Final = {"whatsapp": "WhatsApp", "messenger": "Messenger", "rcs": "RCS"}

_COLUMNS: Final = "sid, account_sid, service_sid, data, date_created, date_updated"
_SERVICE: Final = f"""
select sid from resources where account_sid = $1 and kind = '{KIND}' and sid = $2"""
_HOLDER: Final = "select service_sid from service_senders where account_sid = $1 and sid = $2"
_COUNT: Final = (
    "select count(*) from service_senders where account_sid = $1 and service_sid = $2 and kind = any($3)"
)
_ADD: Final = f"""
insert into service_senders (account_sid, service_sid, sid, kind, address, iso_country, data, number_sid,
  date_created, date_updated, world_sid)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10) on conflict do nothing returning {_COLUMNS}"""
_HERE: Final = f"""
select {_COLUMNS} from service_senders where account_sid = $1 and service_sid = $2 and kind = $3"""
_FETCH: Final = f"{_HERE} and sid = $4"
_FILTERED: Final = f"{_HERE} and ($4::text is null or iso_country = $4)"
_OLDER: Final = f"{_FILTERED} and ($5::text is null or sid < $5) order by sid desc limit $6"
_NEWER: Final = f"{_FILTERED} and sid > $5 order by sid limit $6"
_REMOVE: Final = """
delete from service_senders where account_sid = $1 and service_sid = $2 and kind = $3 and sid = $4 returning sid"""
_DISSOLVE: Final = "delete from service_senders where account_sid = $1 and service_sid = $2"


class Sender(Struct, frozen=True, kw_only=True):
    """Somebody who is about to join a pool."""

    sid: str
    address: str
    data: Mapping[str, Any]
    iso_country: str = ""
    number_sid: str | None = None


class Pool:
    """One kind of senders, as the API shows them below a service."""

    def __init__(self, needs: Needs, kind: str, parent: str = "ServiceSid") -> None:
        self._needs = needs
        self._kind = kind
        self._parent = parent
        self._find = attachable(needs.database)

    async def create(self, request: Request) -> Item:
        """Raises 404, 21708, 21709, 21710, 21712, 21714, 21715."""
        sender = await self._sender(request)
        service_sid = request.ids[self._parent]
        async with self._needs.database.unit() as unit:
            # The service is locked: it neither goes nor fills up meanwhile.
            if await unit.fetchrow(f"{_SERVICE} for update", request.account_sid, service_sid) is None:
                raise errors.not_found(request.address)
            await self._check_holder(unit, request.account_sid, service_sid, sender.sid)
            if sender.number_sid is not None:
                await _check_room(unit, request.account_sid, service_sid)
            row = await unit.fetchrow(
                _ADD,
                request.account_sid,
                service_sid,
                sender.sid,
                self._kind,
                sender.address,
                sender.iso_country,
                dict(sender.data),
                sender.number_sid,
                request.now,
                request.world_sid,
            )
            if row is None:
                # An alphanumeric sender is there under another SID, or another service was faster with a number.
                await self._check_holder(unit, request.account_sid, service_sid, sender.sid)
                raise errors.already_in_messaging_service()
            self._needs.directory.changed(unit)
        return Item(fields=self._shown(row))

    async def fetch(self, request: Request) -> Item:
        row = await self._needs.database.fetchrow(_FETCH, *self._where(request), request.ids["Sid"])
        if row is None:
            raise errors.not_found(request.address)
        return Item(fields=self._shown(row))

    async def page(self, request: Request) -> Items:
        """Raises 404 for a service that is none."""
        service_sid = request.ids[self._parent]
        if await self._needs.database.fetchval(_SERVICE, request.account_sid, service_sid) is None:
            raise errors.not_found(request.address)
        page = request.page or PageRequest()
        backwards = page.before is not None
        rows = await self._needs.database.fetch(
            _NEWER if backwards else _OLDER,
            *self._where(request),
            request.params.get("IsoCountryCode") or None,
            page.before if backwards else page.after,
            page.size + 1,
        )
        more, found = len(rows) > page.size, rows[: page.size]
        return Items(
            items=[self._shown(row) for row in (found[::-1] if backwards else found)],
            more=more or backwards,
            earlier=more if backwards else page.after is not None,
        )

    async def delete(self, request: Request) -> Deleted:
        """Whoever knew the service by this sender knows it no more."""
        async with self._needs.database.unit() as unit:
            if await unit.fetchval(_REMOVE, *self._where(request), request.ids["Sid"]) is None:
                raise errors.not_found(request.address)
            self._needs.directory.changed(unit)
        return Deleted()

    def _where(self, request: Request) -> tuple[str, str, str]:
        return request.account_sid, request.ids[self._parent], self._kind

    def _shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        parent = "service_sid" if self._parent == "ServiceSid" else "messaging_service_sid"
        own = {name: row[name] for name in ("sid", "account_sid", "date_created", "date_updated")}
        return {**row["data"], **own, parent: row["service_sid"]}

    async def _check_holder(self, unit: Unit, account_sid: str, service_sid: str, sid: str) -> None:
        holder = await unit.fetchval(_HOLDER, account_sid, sid)
        if holder is not None:
            own = holder == service_sid
            raise errors.already_in_messaging_service() if own else errors.in_another_messaging_service()

    async def _sender(self, request: Request) -> Sender:
        if self._kind == "PhoneNumber":
            return await self._number(request, "api/IncomingPhoneNumber", "phone_number")
        if self._kind == "ShortCode":
            return await self._number(request, "api/ShortCode", "short_code")
        if self._kind == "ChannelSender":
            return await self._channel_sender(request)
        return _alpha(request, is_general=self._kind == "AlphaSender")

    async def _number(self, request: Request, kind: str, field: str) -> Sender:
        wanted = str(request.params[f"{self._kind}Sid"])
        found = await self._find(request.account_sid, kind, wanted)
        if found is None:
            raise errors.not_found(f"{request.address}/{wanted}")
        able = found["capabilities"]
        if not able["sms"]:
            raise errors.not_capable_for_messaging_service()
        data = {
            field: found[field],
            "country_code": found["country_code"],
            "capabilities": [_CAPABILITIES[name] for name, is_able in able.items() if is_able],
        }
        return Sender(sid=found["sid"], address=found[field], data=data, number_sid=found["sid"])

    async def _channel_sender(self, request: Request) -> Sender:
        wanted = str(request.params["Sid"])
        found = await sender.get(self._needs.database, request.account_sid, wanted)
        if found is None:
            raise errors.not_found(f"{request.address}/{wanted}")
        address = found.address
        number = e164.address(address).number
        data = {
            "sender": address,
            "sender_type": _SENDER_TYPES.get(address.partition(":")[0]),
            "country_code": number.country if number is not None else None,
        }
        return Sender(sid=found.sid, address=address, data=data)


async def dissolve(unit: Unit, account_sid: str, service_sid: str) -> None:
    await unit.execute(_DISSOLVE, account_sid, service_sid)


async def _check_room(unit: Unit, account_sid: str, service_sid: str) -> None:
    count = await unit.fetchval(_COUNT, account_sid, service_sid, ["PhoneNumber", "ShortCode"])
    if count >= LIMIT:
        raise errors.messaging_service_pool_full()


def _alpha(request: Request, *, is_general: bool) -> Sender:
    name = str(request.params.get("AlphaSender") or "").strip()
    if not name:
        raise errors.alpha_sender_missing()
    if not e164.is_alphanumeric_sender(name):
        raise errors.alpha_sender_not_authorized()
    data: dict[str, Any] = {"alpha_sender": name, "capabilities": ["SMS"]}
    country = ""
    if not is_general:
        country = str(request.params.get("IsoCountryCode") or "").upper()
        if country and not (len(country) == 2 and country.isalpha()):
            raise errors.invalid_parameter("IsoCountryCode")
        data["iso_country_code"] = country or None
    return Sender(sid=sids.new("AI"), address=name, data=data, iso_country=country)


_PARENTS: Final = {
    "PhoneNumber": "ServiceSid",
    "ShortCode": "ServiceSid",
    "AlphaSender": "ServiceSid",
    "DestinationAlphaSender": "ServiceSid",
    "ChannelSender": "MessagingServiceSid",
}


def bindings(needs: Needs) -> tuple[Binding, ...]:
    return tuple(map(partial(_binding, needs), _PARENTS))


def _binding(needs: Needs, kind: str) -> Binding:
    pool = Pool(needs, kind, _PARENTS[kind])
    return Binding(
        resource=f"messaging.v1.{kind}",
        operations={
            f"Create{kind}": pool.create,
            f"Fetch{kind}": pool.fetch,
            f"List{kind}": pool.page,
            f"Delete{kind}": pool.delete,
        },
    )
