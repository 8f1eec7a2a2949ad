"""Verdicts on brands, vettings, campaigns and toll-free verifications: what the lab says in place of people and
carriers, and what is said by itself of a mock brand and its campaigns."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from localloop.core import clock, errors
from localloop.jobs import Done, Handler, Job, NewJob
from localloop.products.messaging.compliance.lifecycle import Verdict, status_after
from localloop.products.numbers import Directory
from localloop.rest.request import Request
from localloop.store import Database, Unit
from localloop.store.plain import PlainStore, Record

JUDGE: Final = "compliance.judge"
MOCK_DELAY: Final = timedelta(seconds=2)
EDITABLE: Final = timedelta(days=7)
KINDS: Final = {
    "BN": "messaging/BrandRegistrations",
    "VT": "messaging/BrandVetting",
    "QE": "messaging/UsAppToPerson",
    "HH": "messaging/TollfreeVerification",
}
_STATUS: Final = {"BN": "status", "VT": "vetting_status", "QE": "campaign_status", "HH": "status"}
_REGISTERED: Final = """
update resources set data = data || jsonb_build_object('us_app_to_person_registered', $3::boolean)
where account_sid = $1 and kind = 'messaging/Service' and sid = $2"""


class Ruling(Struct, frozen=True, kw_only=True):
    """A verdict with its reason; `score` is a brand's, `error_code` one of Twilio's 304xx, 307xx or 308xx."""

    sid: str
    verdict: Verdict
    reason: str = ""
    error_code: int | None = None
    score: int | None = None
    edit_allowed: bool = True  # of a toll-free verification that is rejected


class Judged(Struct, frozen=True, kw_only=True):
    sid: str
    account_sid: str
    status: str
    date_updated: datetime


class Bench:
    """Passes verdicts. One that comes too late, or on what it does not fit, changes nothing."""

    def __init__(self, database: Database, records: PlainStore, directory: Directory) -> None:
        self._database = database
        self._records = records
        self._directory = directory

    async def judge(self, account_sid: str, ruling: Ruling, now: datetime) -> Judged:
        """Raises 404 for a SID that is none of these, 409 for a verdict that its status does not allow."""
        prefix = ruling.sid[:2]
        record = None
        if prefix in KINDS:
            record = await self._records.get(account_sid, KINDS[prefix], ruling.sid)
        if record is None:
            raise errors.not_found(f"/{ruling.sid}")
        before = str(record.data[_STATUS[prefix]])
        after = status_after(prefix, before, ruling.verdict)
        if after is None:
            raise errors.conflict(f"{ruling.verdict} does not follow {before}.")
        await self._write(record, {_STATUS[prefix]: after, **changes(record, ruling, now)}, now)
        await self._follow(record, ruling, after, now)
        return Judged(sid=record.sid, account_sid=account_sid, status=after, date_updated=now)

    def handler(self) -> Handler:
        """Approves what is only made to try things out."""

        async def approve(job: Job) -> Done:
            ruling = job.read(Ruling)
            record = await self._records.get(job.account_sid, KINDS[ruling.sid[:2]], ruling.sid)
            if record is not None and record.data[_STATUS[ruling.sid[:2]]] == "PENDING":
                await self.judge(job.account_sid, ruling, clock.now(job.world_sid))
            return Done()

        return approve

    async def _write(self, record: Record, changes: Mapping[str, Any], now: datetime) -> None:
        """Nobody else's verdict came between."""
        data = {**record.data, **changes}
        if await self._records.update(record, data, at=now, expected=record.version) is None:
            raise errors.conflict("Somebody else changed it at the same moment.")

    async def _follow(self, record: Record, ruling: Ruling, after: str, now: datetime) -> None:
        """What depends on it changes with it."""
        if record.kind == KINDS["VT"] and ruling.verdict == "approve":
            brand = await self._records.get(record.account_sid, KINDS["BN"], record.parent_sid)
            if brand is not None:
                await self._write(brand, _vetted(brand, ruling), now)
        async with self._database.unit() as unit:
            if record.kind == KINDS["QE"]:
                service_sid = record.data["messaging_service_sid"]
                await register(unit, record.account_sid, service_sid, is_registered=after == "VERIFIED")
            self._directory.changed(unit)


def changes(record: Record, ruling: Ruling, now: datetime) -> dict[str, Any]:
    """What a verdict changes beside the status."""
    return _CHANGES[ruling.sid[:2]](record, ruling, now)


async def register(unit: Unit, account_sid: str, service_sid: str, *, is_registered: bool) -> None:
    """The service says whether its campaign stands."""
    await unit.execute(_REGISTERED, account_sid, service_sid, is_registered)


def job_of(request: Request, sid: str) -> NewJob:
    """A mock brand, or its campaign, is approved by itself."""
    ruling = Ruling(sid=sid, verdict="approve")
    due_at = request.now + MOCK_DELAY
    return NewJob(JUDGE, request.account_sid, request.world_sid, ruling, due_at, f"{JUDGE}:{sid}")


def _registry_id(letter: str) -> str:
    """As the registry of the carriers names brands and campaigns: `BXXXXXX`."""
    return letter + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(6))


def _brand(record: Record, ruling: Ruling, _: datetime) -> dict[str, Any]:
    if ruling.verdict == "approve":
        is_company = record.data["brand_type"] != "SOLE_PROPRIETOR"
        return {
            "tcr_id": record.data.get("tcr_id") or _registry_id("B"),
            "identity_status": "VERIFIED" if is_company else "SELF_DECLARED",
            "brand_score": record.data.get("brand_score") if ruling.score is None else ruling.score,
            "failure_reason": None,
            "errors": [],
        }
    if ruling.verdict == "reject":
        reason = _reason(ruling)
        return {"failure_reason": reason, "identity_status": "UNVERIFIED", "errors": [_error(ruling)]}
    return {}


def _vetted(brand: Record, ruling: Ruling) -> dict[str, Any]:
    """A brand's standing after its vetting succeeded."""
    score = brand.data.get("brand_score") if ruling.score is None else ruling.score
    return {"identity_status": "VETTED_VERIFIED", "brand_score": score}


def _vetting(_: Record, __: Ruling, ___: datetime) -> dict[str, Any]:
    return {}


def _campaign(record: Record, ruling: Ruling, _: datetime) -> dict[str, Any]:
    if ruling.verdict == "approve":
        return {"campaign_id": record.data.get("campaign_id") or _registry_id("C"), "errors": []}
    return {"errors": [_error(ruling)]} if ruling.verdict in ("reject", "suspend") else {}


def _tollfree(_: Record, ruling: Ruling, now: datetime) -> dict[str, Any]:
    if ruling.verdict != "reject":
        return {"rejection_reason": None, "rejection_reasons": None, "error_code": None}
    reason = _reason(ruling)
    return {
        "rejection_reason": reason,
        "rejection_reasons": [{"code": ruling.error_code, "reason": reason}],
        "error_code": ruling.error_code,
        "edit_allowed": ruling.edit_allowed,
        "edit_expiration": (now + EDITABLE).isoformat() if ruling.edit_allowed else None,
    }


def _reason(ruling: Ruling) -> str:
    """In the words of the verdict, else of its code."""
    return ruling.reason or (errors.title(ruling.error_code) if ruling.error_code else "")


def _error(ruling: Ruling) -> dict[str, Any]:
    url = f"{errors.MORE_INFO}{ruling.error_code}" if ruling.error_code else None
    return {"error_code": ruling.error_code, "description": _reason(ruling), "url": url, "fields": []}


_CHANGES: Final[Mapping[str, Callable[[Record, Ruling, datetime], dict[str, Any]]]] = {
    "BN": _brand,
    "VT": _vetting,
    "QE": _campaign,
    "HH": _tollfree,
}
