"""The status of an account: who may change it to what (errors 21475–21479). Pure.

A subaccount goes between active and suspended as its parent likes, and to closed once and for all. A main
account's status is not the API's to change, nor is a suspension by the operator of the platform.
"""

from __future__ import annotations

from typing import Literal, cast, get_args

from msgspec import Struct

from localloop.core import errors

Status = Literal["active", "suspended", "closed"]
Suspender = Literal["parent", "operator"]
STATUSES: tuple[str, ...] = get_args(Status)


class Standing(Struct, frozen=True, kw_only=True):
    """What decides whether a status may change."""

    status: Status
    is_main: bool
    parent_status: Status
    suspended_by: Suspender | None = None


def effective(own: str, parent: str) -> Status:
    """What an account may do: one of a suspended parent is suspended, whatever its own status says."""
    if "closed" in (own, parent):
        return "closed"
    return "suspended" if "suspended" in (own, parent) else "active"


def changed(standing: Standing, wanted: str, *, by_parent: bool) -> Status:
    """The status after a request for `wanted`. Raises ApiError when the request is refused."""
    if wanted not in STATUSES:
        raise errors.invalid_account_status()
    if standing.is_main:
        raise errors.parent_account_status_fixed()
    if not by_parent:
        raise errors.permission_denied()
    if standing.status == "closed":
        raise errors.subaccount_closed()
    if standing.parent_status != "active":
        raise errors.parent_account_suspended()
    if standing.suspended_by == "operator":
        raise errors.subaccount_suspended_by_operator()
    return cast(Status, wanted)
