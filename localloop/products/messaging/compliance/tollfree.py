"""`/v1/Tollfree/Verifications`: toll-free numbers that want to text people in the United States and Canada."""

from __future__ import annotations

from typing import Any, Final

from localloop.core import errors
from localloop.products.messaging.compliance import refusals
from localloop.products.numbers import Needs, Owned, attachable
from localloop.rest.request import Binding, Deleted, Item, Request
from localloop.store.plain import Record

KIND: Final = "messaging/TollfreeVerification"
NUMBER: Final = "api/IncomingPhoneNumber"
_OTHER: Final = f"""
select exists (select from resources where account_sid = $1 and kind = '{KIND}'
  and data ->> 'tollfree_phone_number_sid' = $2)"""
_FLAGS: Final = {"AgeGatedContent": "age_gated_content"}


async def create(needs: Needs, request: Request) -> Item:
    """Pending until the lab says otherwise. Raises 409 for a number that has one, 30436 for one that is none."""
    number = await _number(needs, request)
    if await needs.database.fetchval(_OTHER, request.account_sid, number.sid):
        raise errors.conflict("The number has a verification.")
    fields: dict[str, Any] = {"tollfree_phone_number": number.phone_number, "edit_allowed": None}
    fields |= {field: False for name, field in _FLAGS.items() if name not in request.params}
    return await needs.plain.create(request, fields=fields)


async def _number(needs: Needs, request: Request) -> Owned:
    sid = str(request.params.get("TollfreePhoneNumberSid") or "")
    found = await attachable(needs.database)(request.account_sid, NUMBER, sid)
    owned = await needs.directory.find(request.world_sid, found["phone_number"]) if found else None
    if owned is None or owned.type != "TollFree":
        raise refusals.invalid_tollfree_number()
    return owned


async def update(needs: Needs, request: Request) -> Item:
    """A rejected verification goes to review again, while it may be edited. Raises 404, 409, 30437."""
    record = await _found(needs, request)
    if record.data["status"] == "IN_REVIEW":
        raise errors.conflict("The verification is in review.")
    if record.data["status"] == "TWILIO_REJECTED":
        await _check_edit(record, request)
    again = {
        "status": "PENDING_REVIEW",
        **dict.fromkeys(("rejection_reason", "rejection_reasons", "error_code"), None),
        **dict.fromkeys(("edit_allowed", "edit_expiration"), None),
    }
    item = await needs.plain.update(request, again)
    async with needs.database.unit() as unit:
        needs.directory.changed(unit)
    return item


async def delete(needs: Needs, request: Request) -> Deleted:
    """Raises 404, 409 while people look at it."""
    record = await _found(needs, request)
    if record.data["status"] == "IN_REVIEW":
        raise errors.conflict("The verification is in review.")
    deleted = await needs.plain.delete(request)
    async with needs.database.unit() as unit:
        needs.directory.changed(unit)
    return deleted


async def _check_edit(record: Record, request: Request) -> None:
    until = record.data.get("edit_expiration")
    if not record.data.get("edit_allowed") or (until and until < request.now.isoformat()):
        raise refusals.edit_time_expired()


async def _found(needs: Needs, request: Request) -> Record:
    record = await needs.plain.find(request)
    if record is None:
        raise errors.not_found(request.address)
    return record


def bindings(needs: Needs) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="messaging.v1.TollfreeVerification",
            operations={
                "CreateTollfreeVerification": lambda request: create(needs, request),
                "UpdateTollfreeVerification": lambda request: update(needs, request),
                "FetchTollfreeVerification": needs.plain.fetch,
                "ListTollfreeVerification": needs.plain.page,
                "DeleteTollfreeVerification": lambda request: delete(needs, request),
            },
        ),
    )
