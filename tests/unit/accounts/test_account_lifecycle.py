"""Which changes of an account's status Twilio allows (error dictionary 21475–21479)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from localloop.core.errors import ApiError
from localloop.products.accounts.account.lifecycle import Standing, changed, effective

SUBACCOUNT = Standing(status="active", is_main=False, parent_status="active")


@pytest.mark.parametrize(
    ("old", "wanted"),
    [("active", "suspended"), ("suspended", "active"), ("active", "closed"), ("suspended", "closed")],
)
def test_a_parent_suspends_reactivates_and_closes(old: Any, wanted: str) -> None:
    standing = replace(SUBACCOUNT, status=old, suspended_by="parent" if old == "suspended" else None)
    assert changed(standing, wanted, by_parent=True) == wanted


@pytest.mark.parametrize(
    ("changes", "wanted", "code"),
    [
        ({}, "asleep", 21475),
        ({"parent_status": "suspended"}, "suspended", 21476),
        ({"is_main": True}, "closed", 21477),
        ({"status": "suspended", "suspended_by": "operator"}, "active", 21478),
        ({"status": "closed"}, "active", 21479),
        ({"status": "closed"}, "closed", 21479),
    ],
)
def test_refusals(changes: dict[str, Any], wanted: str, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        changed(replace(SUBACCOUNT, **changes), wanted, by_parent=True)
    assert (refused.value.code, refused.value.status) == (code, 400)


def test_a_subaccount_may_not_change_its_own_status() -> None:
    with pytest.raises(ApiError) as refused:
        changed(SUBACCOUNT, "closed", by_parent=False)
    assert (refused.value.code, refused.value.status) == (20003, 403)


@pytest.mark.parametrize(
    ("own", "parent", "together"),
    [
        ("active", "active", "active"),
        ("suspended", "active", "suspended"),
        ("active", "suspended", "suspended"),
        ("closed", "suspended", "closed"),
        ("active", "closed", "closed"),
    ],
)
def test_a_subaccount_may_do_no_more_than_its_parent(own: str, parent: str, together: str) -> None:
    assert effective(own, parent) == together
