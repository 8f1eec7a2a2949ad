"""`/v1/Voice/{CallSid}` with its Summary and Events, its Annotation, and `/v1/Voice/Summaries`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.core import errors, sids
from localloop.products.voice.call import queries
from localloop.products.voice.call.queries import Filters, Slice
from localloop.products.voice.call.resource import Call
from localloop.products.voice.calls import Calls
from localloop.products.voice.insights import summary
from localloop.products.voice.insights.moments import span
from localloop.rest.plain import Plain
from localloop.rest.request import Binding, Item, Items, PageRequest, Request
from localloop.store import Database

ANNOTATION: Final = "insights/Annotation"
_CHUNK: Final = 500
_NOTED: Final = (
    "select parent_sid, data from resources where account_sid = $1 and kind = $2 and parent_sid = any($3)"
)
# Filters by the place of what they ask for in a summary. Compared as they are written.
_FIELDS: Final[Mapping[str, str]] = {
    "AnsweredBy": "answered_by",
    "AnsweredByAnnotation": "annotation.answered_by",
    "CallScoreAnnotation": "annotation.call_score",
    "CallState": "call_state",
    "CallType": "call_type",
    "ConnectivityIssueAnnotation": "annotation.connectivity_issue",
    "Direction": "properties.direction",
    "From": "from.caller",
    "FromCarrier": "from.carrier",
    "FromCountryCode": "from.country_code",
    "SpamAnnotation": "annotation.spam",
    "To": "to.callee",
    "ToCarrier": "to.carrier",
    "ToCountryCode": "to.country_code",
}
_PROCESSING: Final[Mapping[str, tuple[str, ...]]] = {
    "completed": ("complete",),
    "started": ("partial", "complete"),
    "partial": ("partial",),
    "all": ("partial", "complete"),
}
# What no call of ours has: a filter that wants it finds nothing.
_NEVER: Final = (
    *("AbnormalSession", "HasTag", "VerifiedCaller"),
    *(
        "BrandedBundleSid",
        "BrandedCallReason",
        "BrandedEnabled",
        "BrandedLogo",
        "BrandedType",
        "BrandedUseCase",
    ),
    *(
        "BusinessProfileBundleSid",
        "BusinessProfileIdentity",
        "BusinessProfileIndustry",
        "BusinessProfileType",
    ),
    *("VoiceIntegrityBundleSid", "VoiceIntegrityEnabled", "VoiceIntegrityUseCase"),
)
LONGEST: Final = 100  # characters of a comment or an incident
QUALITY_ISSUES: Final = frozenset(
    "unknown_quality_issue no_quality_issue low_volume choppy_robotic echo dtmf latency owa static_noise".split()
)


class Reports(Struct, frozen=True):
    database: Database
    calls: Calls

    async def fetch(self, request: Request) -> Item:
        sid = request.ids["Sid"]
        if not await self.calls.exists(request.account_sid, sid):
            raise errors.not_found(request.address)
        return Item(fields={"sid": sid})

    async def summary(self, request: Request) -> Item:
        """Raises 404 for a call that is not there, and for a complete summary before there is one."""
        call = await self._call(request)
        noted = await self._noted(request.account_sid, [call])
        fields = summary.summary_of(call, request.now, noted.get(call.sid))
        if request.params.get("ProcessingState") == "complete" and fields["processing_state"] != "complete":
            raise errors.not_found(request.address)
        return Item(fields=fields)

    async def events(self, request: Request) -> Items:
        """A handful at most: one page."""
        wanted = request.params.get("Edge")
        found = list(summary.events_of(await self._call(request)))
        return Items(items=[each for each in found if not wanted or each["edge"] == wanted])

    async def summaries(self, request: Request) -> Items:
        """Newest first; read on until the page is full of what was asked for."""
        if any(request.params.get(name) for name in _NEVER):
            return Items(items=[])
        asked = request.page or PageRequest()
        found: list[dict[str, Any]] = []
        part = Slice(after=_cursor(asked.after), before=_cursor(asked.before), limit=_CHUNK)
        is_backward = part.before is not None and part.after is None
        while len(found) <= asked.size:
            calls = await queries.page(self.database, request.account_sid, _filters(request), part)
            noted = await self._noted(request.account_sid, calls)
            some = [summary.summary_of(each, request.now, noted.get(each.sid)) for each in calls]
            kept = [each for each in some if _fits(each, request.params)]
            found = kept + found if is_backward else found + kept
            if len(calls) < _CHUNK:
                break
            part = (
                Slice(before=calls[0].id, limit=_CHUNK)
                if is_backward
                else Slice(after=calls[-1].id, limit=_CHUNK)
            )
        is_cut = len(found) > asked.size
        page = found[-asked.size :] if is_backward else found[: asked.size]
        return Items(
            items=page,
            more=is_backward or is_cut,
            earlier=is_cut if is_backward else part.after is not None and asked.after is not None,
            first_cursor=page[0]["call_sid"] if page else None,
            last_cursor=page[-1]["call_sid"] if page else None,
        )

    async def _call(self, request: Request) -> Call:
        call = await queries.by_sid(self.database, request.account_sid, request.ids["CallSid"])
        if call is None:
            raise errors.not_found(request.address)
        return call

    async def _noted(self, account_sid: str, calls: Sequence[Call]) -> Mapping[str, Mapping[str, Any]]:
        """What was noted of these calls."""
        rows = await self.database.fetch(_NOTED, account_sid, ANNOTATION, [each.sid for each in calls])
        shown = (
            "answered_by",
            "connectivity_issue",
            "quality_issues",
            "spam",
            "call_score",
            "comment",
            "incident",
        )
        return {row["parent_sid"]: {name: row["data"].get(name) for name in shown} for row in rows}


def check_annotation(params: Mapping[str, Any]) -> None:
    """Raises 20001."""
    score = params.get("CallScore")
    if score is not None and not 1 <= score <= 5:
        raise errors.invalid_parameter("CallScore", "it is between 1 and 5")
    for name in ("Comment", "Incident"):
        if len(params.get(name) or "") > LONGEST:
            raise errors.invalid_parameter(name, f"it has at most {LONGEST} characters")
    issues = str(params.get("QualityIssues") or "").replace(",", " ").split()
    if wrong := [each for each in issues if each not in QUALITY_ISSUES]:
        raise errors.invalid_parameter("QualityIssues", f"{wrong[0]} is none")


def bindings(reports: Reports) -> tuple[Binding, ...]:
    return (
        Binding(resource="insights.v1.Call", operations={"FetchCall": reports.fetch}),
        Binding(resource="insights.v1.Summary", operations={"FetchSummary": reports.summary}),
        Binding(resource="insights.v1.Event", operations={"ListEvent": reports.events}),
        Binding(resource="insights.v1.CallSummaries", operations={"ListCallSummaries": reports.summaries}),
    )


def annotation_binding(plain: Plain) -> Binding:
    async def update(request: Request) -> Item:
        await plain.fetch(request)  # that there is such a call comes before what is said of it
        check_annotation(request.params)
        return await plain.update(request)

    return Binding(
        resource="insights.v1.Annotation",
        operations={"FetchAnnotation": plain.fetch, "UpdateAnnotation": update},
    )


def _filters(request: Request) -> Filters:
    """What the database looks for; the rest is looked for in what it finds."""
    starts, ends = request.params.get("StartTime"), request.params.get("EndTime")
    least = span(starts, "StartTime", request.now)[0] if starts else None
    most = span(ends, "EndTime", request.now)[1] if ends else None
    return Filters(started=(least, None), ended=(None, most), bounded=False)


def _fits(fields: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    if fields["processing_state"] not in _PROCESSING[params.get("ProcessingState") or "completed"]:
        return False
    issue = params.get("QualityIssueAnnotation")
    if issue and issue not in (_at(fields, "annotation.quality_issues") or ()):
        return False
    return all(
        str(_at(fields, place)) == str(params[name])
        for name, place in _FIELDS.items()
        if params.get(name) is not None
    )


def _at(fields: Mapping[str, Any], place: str) -> Any:
    value: Any = fields
    for name in place.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _cursor(text: str | None) -> UUID | None:
    if text is None:
        return None
    if not sids.is_sid(text, "CA"):
        raise errors.invalid_page_token()
    return sids.uuid_of(text)
