"""Verdicts on registrations: which status follows which, and the reasons that they may name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localloop.core import errors, sids
from localloop.products.messaging.compliance import judging, lifecycle
from localloop.products.messaging.compliance.judging import Ruling
from localloop.store.plain import Record

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CODES = sorted(errors.catalogue())
# Codes of Twilio's error dictionary by what they reject; 30450, 30453, 30454 and 30485 are of messages.
OF_MESSAGES = {30450, 30453, 30454, 30485}
TOLL_FREE = [code for code in CODES if 30440 <= code <= 30480 and code not in OF_MESSAGES]
BRANDS = [code for code in CODES if 30701 <= code <= 30799]
CAMPAIGNS = [code for code in CODES if 30880 <= code <= 30994]


def rejected(prefix: str, code: int, **data: Any) -> dict[str, Any]:
    """What a rejection with this code leaves in a record."""
    sid = sids.new(prefix)
    record = Record(
        account_sid="AC1",
        kind=judging.KINDS[prefix],
        sid=sid,
        position=sids.uuid_of(sid),
        data=data,
        date_created=NOW,
        date_updated=NOW,
    )
    return judging.changes(record, Ruling(sid=sid, verdict="reject", error_code=code), NOW)


@pytest.mark.parametrize("code", TOLL_FREE)
def test_why_a_toll_free_number_is_rejected(code: int) -> None:
    changed = rejected("HH", code)
    assert (changed["error_code"], changed["rejection_reason"]) == (code, errors.title(code))
    assert changed["rejection_reasons"] == [{"code": code, "reason": errors.title(code)}]
    assert changed["edit_expiration"] == (NOW + timedelta(days=7)).isoformat()


@pytest.mark.parametrize("code", BRANDS)
def test_why_a_brand_fails(code: int) -> None:
    changed = rejected("BN", code, brand_type="STANDARD")
    assert changed["failure_reason"] == errors.title(code)
    [fault] = changed["errors"]
    assert (fault["error_code"], fault["description"]) == (code, errors.title(code))


@pytest.mark.parametrize("code", CAMPAIGNS)
def test_why_a_campaign_fails(code: int) -> None:
    [fault] = rejected("QE", code)["errors"]
    assert (fault["error_code"], fault["description"]) == (code, errors.title(code))
    assert fault["url"].endswith(f"/docs/errors/{code}")


@pytest.mark.parametrize("prefix", sorted(lifecycle.LEADS_TO))
def test_every_verdict_can_be_passed_at_some_time(prefix: str) -> None:
    known = lifecycle.FOLLOWERS[prefix]
    for verdict, after in lifecycle.LEADS_TO[prefix].items():
        assert after in known
        befores = [before for before in known if lifecycle.status_after(prefix, before, verdict)]
        assert befores
        assert after not in befores  # nothing follows itself
