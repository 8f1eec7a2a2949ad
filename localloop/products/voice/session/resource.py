"""`/Calls/{CallSid}/Streams`, `/Siprec` and `/Transcriptions`: begun and ended while a call goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, Protocol, TypeVar, cast
from urllib.parse import urlsplit
from uuid import UUID

from msgspec import Struct, structs

from localloop.core import errors, sids
from localloop.products.numbers import is_url
from localloop.products.voice.calls import Whose
from localloop.products.voice.session import queries
from localloop.products.voice.session.queries import Shown
from localloop.products.voice.session.session import CallSession, Wish, begin
from localloop.rest.request import Binding, Item, Request
from localloop.store import Database
from localloop.twiml.voice import verbs

BAD_SCHEME: Final = 31922
BAD_URL: Final = 31923
MOST_PARAMETERS: Final = 99
LONGEST_PAIR: Final = 500  # characters of a parameter's name and value together
_HEADERS: Final[Mapping[str, Mapping[str, str]]] = {
    "MZ": {"Localloop-Coverage": "silence"},
    "SR": {"Localloop-Coverage": "silence"},
    "GT": {},
}
Operate = Callable[[Request], Awaitable[Item]]
_T = TypeVar("_T", verbs.Stream, verbs.Siprec, verbs.Transcription)


class Listened(Protocol):
    """Whoever holds the calls that are listened to."""

    async def exists(self, account_sid: str, call_sid: str) -> bool: ...

    async def attach(self, whose: Whose, call_id: UUID, session: CallSession) -> None:
        """Raises 20001 for a name that is in use in the call, 21220, 31960."""
        ...

    async def detach(self, whose: Whose, call_id: UUID, sid: str) -> None:
        """Nothing for what does not run any more."""
        ...


class Sessions(Struct, frozen=True):
    database: Database
    calls: Listened

    def create(self, read: Callable[[Mapping[str, Any]], Wish]) -> Operate:
        async def create(request: Request) -> Item:
            """Raises 20001, 20404, 21220, 21609, 31922, 31923, 31960."""
            call_id = await self._call(request)
            session = begin(read(request.params), request.now)
            await self.calls.attach(_whose(request), call_id, session)
            return await self._item(request, call_id, session.sid[:2], session.sid)

        return create

    def update(self, prefix: str) -> Operate:
        async def update(request: Request) -> Item:
            """Ends it, by its SID or its name; one that has ended stays as it is. Raises 20404."""
            call_id, named = await self._call(request), request.ids["Sid"]
            found = await self._found(request, call_id, prefix, named)
            if found.status != "stopped":
                await self.calls.detach(_whose(request), call_id, found.sid)
            return await self._item(request, call_id, prefix, found.sid)

        return update

    async def _call(self, request: Request) -> UUID:
        sid = request.ids["CallSid"]
        if not await self.calls.exists(request.account_sid, sid):
            raise errors.not_found(request.address)
        return sids.uuid_of(sid)

    async def _found(self, request: Request, call_id: UUID, prefix: str, named: str) -> Shown:
        found = await queries.find(self.database, request.account_sid, call_id, prefix, named)
        if found is None:
            raise errors.not_found(request.address)
        return found

    async def _item(self, request: Request, call_id: UUID, prefix: str, sid: str) -> Item:
        found = await self._found(request, call_id, prefix, sid)
        return Item(fields=structs.asdict(found), headers=_HEADERS[prefix])


def _whose(request: Request) -> Whose:
    return Whose(account_sid=request.account_sid, world_sid=request.world_sid, at=request.now)


def _stream(params: Mapping[str, Any]) -> verbs.Stream:
    url = str(params.get("Url") or "")
    parts = urlsplit(url)
    if parts.scheme != "wss":
        raise errors.of(BAD_SCHEME)
    if not parts.hostname or parts.query:
        raise errors.of(BAD_URL)
    stream = verbs.Stream(url=url, parameters=_pairs(params))
    return _told(_on_track(stream, params), params)


def _siprec(params: Mapping[str, Any]) -> verbs.Siprec:
    siprec = verbs.Siprec(connector_name=params.get("ConnectorName") or "", parameters=_pairs(params))
    return _told(_on_track(siprec, params), params)


def _transcription(params: Mapping[str, Any]) -> verbs.Transcription:
    """Raises 20001, 21609."""
    engine = params.get("TranscriptionEngine") or "google"
    if engine not in ("google", "deepgram"):
        raise errors.invalid_parameter("TranscriptionEngine", "It must be google or deepgram")
    made = verbs.Transcription(
        name=params.get("Name") or "",
        status_callback_url=_callback(params.get("StatusCallbackUrl")),
        status_callback_method=_method(params),
        language_code=params.get("LanguageCode") or "en-US",
        transcription_engine=cast(Any, engine),
        speech_model=params.get("SpeechModel") or "telephony",
        profanity_filter=_flag(params, "ProfanityFilter", default=True),
        partial_results=_flag(params, "PartialResults", default=False),
        hints=params.get("Hints") or "",
        enable_automatic_punctuation=_flag(params, "EnableAutomaticPunctuation", default=True),
        inbound_track_label=params.get("InboundTrackLabel") or "",
        outbound_track_label=params.get("OutboundTrackLabel") or "",
        intelligence_service=params.get("IntelligenceService") or "",
    )
    return _on_track(made, params)


def _on_track(made: _T, params: Mapping[str, Any]) -> _T:
    track = params.get("Track")
    return structs.replace(made, track=track) if track else made


def _told(made: _T, params: Mapping[str, Any]) -> _T:
    """With its name, and who hears of it."""
    return structs.replace(
        made,
        name=params.get("Name") or "",
        status_callback=_callback(params.get("StatusCallback")),
        status_callback_method=_method(params),
    )


def _callback(url: str | None) -> str | None:
    """Raises 21609."""
    if url and not is_url(url):
        raise errors.invalid_status_callback(url)
    return url or None


def _method(params: Mapping[str, Any]) -> Literal["GET", "POST"]:
    return "GET" if params.get("StatusCallbackMethod") == "GET" else "POST"


def _flag(params: Mapping[str, Any], name: str, *, default: bool) -> bool:
    said = params.get(name)
    return default if said is None else bool(said)


def _pairs(params: Mapping[str, Any]) -> verbs.Pairs:
    """`Parameter1.Name` with `Parameter1.Value`, and so on. Raises 20001."""
    found = []
    for number in range(1, MOST_PARAMETERS + 1):
        name, value = (str(params.get(f"Parameter{number}.{part}") or "") for part in ("Name", "Value"))
        if len(name) + len(value) > LONGEST_PAIR:
            raise errors.invalid_parameter(f"Parameter{number}", f"At most {LONGEST_PAIR} characters")
        if name:
            found.append((name, value))
    return tuple(found)


def bindings(database: Database, calls: Listened) -> tuple[Binding, ...]:
    sessions = Sessions(database, calls)
    return tuple(
        Binding(
            resource=f"api.v2010.{name}",
            operations={f"Create{name}": sessions.create(read), f"Update{name}": sessions.update(prefix)},
            record=Shown,
            errors=dict.fromkeys(("StatusCallback", "StatusCallbackUrl"), errors.invalid_status_callback),
        )
        for name, prefix, read in (
            ("Stream", "MZ", _stream),
            ("Siprec", "SR", _siprec),
            ("RealtimeTranscription", "GT", _transcription),
        )
    )
