"""The lab's phones on calls: how each takes them, calls from them, what is pressed and said there, what was heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from localloop.carriers.patterns import Patterns
from localloop.core import e164, errors, sids
from localloop.core.errors import ApiError
from localloop.lab import transcripts
from localloop.lab.listening import Listening, Wanted
from localloop.lab.patience import Patience, seconds_of
from localloop.lab.transcripts import Transcripts
from localloop.products.voice import (
    Act,
    Alive,
    Call,
    Declined,
    HungUp,
    Incoming,
    Messaged,
    PickedUp,
    Pressed,
    Said,
    Voice,
    shown,
)
from localloop.rest.request import Answer, Binding, Item, Items, PageRequest, Request
from localloop.store import Database
from localloop.telephony.simulated import Persona, PersonaError, handsets
from localloop.telephony.simulated.handsets import PhoneCall
from localloop.telephony.simulated.persona import RING_S, persona
from localloop.telephony.simulated.watch import CallWatch

PREFIX = "CA"
_NAMES = {
    "Takes": "takes",
    "After": "after",
    "Greeting": "greeting",
    "Beep": "beep",
    "Refer": "refer",
    "Script": "script",
}


class Calls:
    """What the lab asks of calls, and those who wait there."""

    def __init__(self, database: Database, voice: Voice, patience: Patience) -> None:
        self.database = database
        self.voice = voice
        self.patterns = Patterns()
        self.watch = CallWatch(database)
        self.listening = Listening(database, voice, patience, self.patterns)
        self.transcripts = Transcripts(database, voice, self.watch)

    async def close(self) -> None:
        await self.watch.close()
        await self.patterns.close()

    async def fetch_voice(self, request: Request) -> Item:
        """There is a phone behind every number, so there always is an answer."""
        [found] = await handsets.voices(self.database, [(request.world_sid, _number(request))])
        return Item(fields=_voice(found))

    async def update_voice(self, request: Request) -> Item:
        """What is not named stays as it is."""
        number = _number(request)
        [found] = await handsets.voices(self.database, [(request.world_sid, number)])
        chosen = _changed(found.persona, request.params)
        changed = await handsets.set_voice(self.database, request.world_sid, number, chosen, request.now)
        return Item(fields=_voice(changed))

    async def page(self, request: Request) -> Items:
        number = _number(request)
        if request.params.get("Live"):
            return await self._alive(request, number)
        page = request.page or PageRequest()
        after = _id(page.after, errors.invalid_page_token()) if page.after else None
        limit = page.size + 1
        found = await handsets.list_calls(self.database, request.world_sid, number, after=after, limit=limit)
        shown_calls = [await self._shown(each) for each in found[: page.size]]
        return Items(items=shown_calls, more=len(found) > page.size, earlier=after is not None)

    async def page_of_world(self, request: Request) -> Items:
        """What rings or is talked on at any phone."""
        return await self._alive(request, request.params.get("Number"))

    async def _alive(self, request: Request, number: str | None) -> Items:
        page, status = request.page or PageRequest(), request.params.get("Status")
        after = _id(page.after, errors.invalid_page_token()) if page.after else None
        wanted = Alive(number=number, after=after, limit=page.size + 1)
        if status:
            wanted = replace(wanted, statuses=(status,))
        found = await self.voice.held(request.world_sid, wanted)
        items = [_of(call, held.number) for held, call in found[: page.size]]
        return Items(items=items, more=len(found) > page.size, earlier=after is not None)

    async def create(self, request: Request) -> Item:
        """Somebody dials `To` on this phone. 21211 when nobody in this world takes calls there."""
        params = request.params
        to = e164.address(params["To"]).value
        [found] = await handsets.voices(self.database, [(request.world_sid, _number(request))])
        caller = replace(found.persona, takes="answers", greeting="")  # who calls does not take a call
        chosen = _changed(caller, {name: params.get(name) for name in ("Greeting", "Script")})
        call = await self.voice.dial(
            Incoming(
                world_sid=request.world_sid,
                from_=_number(request),
                to=to,
                persona=chosen,
                forwarded_from=params.get("ForwardedFrom") or None,
            )
        )
        if call is None:
            raise ApiError(400, 21211, f"Nobody in this world takes calls at {to}.")
        return Item(fields=_of(call, _number(request)))

    async def fetch(self, request: Request) -> Item:
        return Item(fields=await self._shown(await self._call(request), with_lines=True))

    async def update(self, request: Request) -> Item:
        """Somebody takes the call or does not, says something, presses keys or hangs up. Raises 21220 where the call is
        over, nothing rings, or nobody has answered."""
        held, params = await self._call(request), request.params
        for act in _acts(params):
            if not await self.voice.act(held.account_sid, held.id, act):
                raise errors.call_not_in_progress()
        return Item(fields=await self._shown(held, with_lines=True))

    async def wait(self, request: Request) -> Item:
        """The first line that fits, at once or when it comes; 408 with what was heard instead."""
        params = request.params
        wanted = Wanted(
            matches=params.get("Matches") or "",
            kind=params.get("Kind") or "",
            after=transcripts.line_id(params.get("After")),
            seconds=seconds_of(request.world_sid, params.get("Timeout")),
            is_whole=bool(params.get("Whole")),
        )
        return Item(fields=transcripts.shown(await self.listening.wait(await self._call(request), wanted)))

    async def read_lines(self, request: Request) -> Answer:
        return await self.transcripts.read(request, await self._call(request))

    async def fetch_document(self, request: Request) -> Item:
        """The documents that run on any call of the world."""
        call_id = _id(request.ids["Sid"], errors.not_found(request.address))
        found = await self.voice.documents(request.world_sid, call_id)
        if found is None:
            raise errors.not_found(request.address)
        shown_documents = [msgspec.to_builtins(each) for each in found]
        return Item(fields={"call_sid": request.ids["Sid"], "documents": shown_documents})

    async def _call(self, request: Request) -> PhoneCall:
        call_id = _id(request.ids["Sid"], errors.not_found(request.address))
        found = await self.voice.on_handset(request.world_sid, _number(request), call_id)
        if found is None:
            raise errors.not_found(request.address)
        return found

    async def _shown(self, held: PhoneCall, *, with_lines: bool = False) -> Mapping[str, Any]:
        call = await self.voice.call(held.account_sid, held.id)
        fields = dict(_of(call, held.number)) if call is not None else {}
        fields |= {
            "sid": sids.from_uuid(PREFIX, held.id),
            "account_sid": held.account_sid,
            "number": held.number,
            "direction": held.direction,
            "peer": held.peer,
            "date_created": held.date_created,
        }
        if with_lines:
            fields["lines"] = await self.transcripts.lines(held)
        return fields


def bindings(calls: Calls) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="lab.v1.PhoneVoice",
            operations={"FetchPhoneVoice": calls.fetch_voice, "UpdatePhoneVoice": calls.update_voice},
        ),
        Binding(
            resource="lab.v1.PhoneCall",
            operations={
                "ListPhoneCall": calls.page,
                "CreatePhoneCall": calls.create,
                "FetchPhoneCall": calls.fetch,
                "UpdatePhoneCall": calls.update,
                "FetchPhoneCallWait": calls.wait,
            },
        ),
        Binding(resource="lab.v1.PhoneCallLine", operations={"ListPhoneCallLine": calls.read_lines}),
        Binding(resource="lab.v1.Call", operations={"ListCall": calls.page_of_world}),
        Binding(resource="lab.v1.CallDocument", operations={"FetchCallDocument": calls.fetch_document}),
    )


def _changed(before: Persona, params: Mapping[str, Any]) -> Persona:
    """Raises 20001 for what no phone does."""
    given = {field: params[name] for name, field in _NAMES.items() if params.get(name) is not None}
    if params.get("Rings") is not None:
        given["after"] = params["Rings"] * RING_S
    script = given.get("script")
    try:
        if isinstance(script, str):
            given["script"] = msgspec.json.decode(script or "[]")
        return persona({**msgspec.to_builtins(before), **given})
    except (PersonaError, msgspec.DecodeError) as error:
        raise errors.invalid_parameter("Script" if script else "Takes", str(error)) from None


def _acts(params: Mapping[str, Any]) -> Iterator[Act]:
    """In their order: who takes the call may say something, who says something may hang up."""
    status = params.get("Status")
    if status == "in-progress":
        yield PickedUp()
    if params.get("Say"):
        yield Said(params["Say"])
    if params.get("Press"):
        yield Pressed(params["Press"])
    if params.get("Message"):
        yield Messaged(params["Message"])
    if status == "completed":
        yield HungUp()
    elif status in ("busy", "rejected"):
        yield Declined(is_busy=status == "busy")


def _number(request: Request) -> str:
    address = e164.address(request.ids["Number"])
    if address.channel in ("client", "sip", "sips", "sim"):
        return str(address)
    number = e164.parse(request.ids["Number"])
    if number is None or not number.is_possible:
        raise errors.invalid_to(request.ids["Number"])
    return number.e164


def _id(sid: str, refusal: ApiError) -> UUID:
    """The id of a call that may be named; raises `refusal` for another name."""
    if not sids.is_sid(sid, PREFIX):
        raise refusal
    return sids.uuid_of(sid)


def _voice(voice: handsets.Voice) -> Mapping[str, Any]:
    chosen = voice.persona
    return {
        "number": voice.number,
        "takes": chosen.takes,
        "after": chosen.after,
        "greeting": chosen.greeting,
        "beep": chosen.beep,
        "refer": chosen.refer,
        "script": [msgspec.to_builtins(step) for step in chosen.script],
        "date_created": voice.date_created,
        "date_updated": voice.date_updated,
    }


def _of(call: Call, number: str) -> Mapping[str, Any]:
    fields = shown(call)
    is_inbound = call.direction == "inbound"
    return {
        "sid": call.sid,
        "account_sid": call.account_sid,
        "number": number,
        "direction": "made" if is_inbound else "received",
        "peer": call.to if is_inbound else call.from_,
        "status": fields["status"],
        "answered_by": call.answered_by,
        "duration": fields["duration"],
        "date_created": call.date_created,
    }
