"""`/OutgoingCallerIds`: numbers of others that an account may show, once a code was typed on them.

Twilio calls the number and the callee types the code. The code is kept until then; `confirm` is the typing, whoever
does it: the lab's phone, or a call.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct, structs

from localloop.core import clock, e164, errors, sids
from localloop.products.numbers.incoming.configuration import friendly_name
from localloop.products.numbers.needs import Needs
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request
from localloop.store import Database, Executor, Unit

MAX_FRIENDLY_NAME: Final = 64
MAX_CALL_DELAY_S: Final = 60
CODE_LIFE: Final = timedelta(minutes=10)

_COLUMNS: Final = "sid, account_sid, phone_number, friendly_name, date_created, date_updated"
_VERIFIED_BY: Final = "select account_sid from caller_ids where world_sid = $1 and phone_number = $2"
_OWNED: Final = "select exists (select from phone_numbers where account_sid = $1 and phone_number = $2)"
_EXPECT: Final = """
insert into caller_id_validations
  (account_sid, phone_number, world_sid, call_sid, friendly_name, code, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (account_sid, phone_number) do update set
  call_sid = excluded.call_sid, friendly_name = excluded.friendly_name, code = excluded.code,
  expires_at = excluded.expires_at"""
_TYPED: Final = """
delete from caller_id_validations
where world_sid = $1 and phone_number = $2 and code = $3 and expires_at > $4
returning account_sid, friendly_name"""
_VERIFY: Final = f"""
insert into caller_ids (sid, account_sid, world_sid, phone_number, friendly_name, date_created, date_updated)
values ($1, $2, $3, $4, $5, $6, $6)
on conflict (world_sid, phone_number) do nothing returning {_COLUMNS}"""
_FETCH: Final = f"select {_COLUMNS} from caller_ids where account_sid = $1 and sid = $2"
_FILTERED: Final = f"""
select {_COLUMNS} from caller_ids where account_sid = $1
  and ($2::text is null or phone_number = $2) and ($3::text is null or friendly_name = $3)"""
_OLDER: Final = f"{_FILTERED} and ($4::text is null or sid < $4) order by sid desc limit $5"
_NEWER: Final = f"{_FILTERED} and sid > $4 order by sid limit $5"
_RENAME: Final = f"""
update caller_ids set friendly_name = coalesce($3, friendly_name), date_updated = $4
where account_sid = $1 and sid = $2 returning {_COLUMNS}"""


class OutgoingCallerId(Struct, frozen=True, kw_only=True):
    """One verified number as its API shows it."""

    sid: str
    account_sid: str
    phone_number: str
    friendly_name: str
    date_created: datetime
    date_updated: datetime


class ValidationRequest(Struct, frozen=True, kw_only=True):
    """What the request for a validation answers: the code that must be typed."""

    account_sid: str
    call_sid: str
    friendly_name: str
    phone_number: str
    validation_code: str


def caller_id_of(row: Mapping[str, Any]) -> OutgoingCallerId:
    return OutgoingCallerId(**dict(row))


async def request_validation(needs: Needs, request: Request) -> Item:
    """Raises 21401, 21449, 21450, 21453, 21454."""
    params = request.params
    _check_call_delay(params.get("CallDelay"))
    name = _friendly_name(params)
    number = e164.parse(str(params.get("PhoneNumber", "")))
    if number is None or not number.is_possible or (needs.strict and not number.is_valid):
        raise errors.invalid_phone_number(str(params.get("PhoneNumber", "")))
    answer = ValidationRequest(
        account_sid=request.account_sid,
        call_sid=sids.new("CA"),
        friendly_name=name or friendly_name(number.e164),
        phone_number=number.e164,
        validation_code=f"{secrets.randbelow(1_000_000):06d}",
    )
    async with needs.database.unit() as unit:
        await _check_unverified(unit, request, number.e164)
        await unit.execute(
            _EXPECT,
            answer.account_sid,
            answer.phone_number,
            request.world_sid,
            answer.call_sid,
            answer.friendly_name,
            answer.validation_code,
            request.now + CODE_LIFE,
        )
    return Item(fields=structs.asdict(answer))


async def confirm(
    database: Database, world_sid: str, phone_number: str, code: str
) -> OutgoingCallerId | None:
    """The code was typed on this phone: the number is verified. None when no account waits for that code."""
    now = clock.now(world_sid)
    async with database.unit() as unit:
        waiting = await unit.fetchrow(_TYPED, world_sid, phone_number, code, now)
        if waiting is None:
            return None
        account_sid, name = waiting["account_sid"], waiting["friendly_name"]
        row = await unit.fetchrow(_VERIFY, sids.new("PN"), account_sid, world_sid, phone_number, name, now)
    return caller_id_of(row) if row is not None else None


async def is_verified(executor: Executor, world_sid: str, account_sid: str, phone_number: str) -> bool:
    """Whether the account may show this number, and on trial write to it."""
    return bool(await executor.fetchval(_VERIFIED_BY, world_sid, phone_number) == account_sid)


async def _check_unverified(unit: Unit, request: Request, phone_number: str) -> None:
    if await unit.fetchval(_OWNED, request.account_sid, phone_number):
        raise errors.already_usable_caller_id()
    verified_by = await unit.fetchval(_VERIFIED_BY, request.world_sid, phone_number)
    if verified_by == request.account_sid:
        raise errors.caller_id_already_verified()
    if verified_by is not None:
        raise errors.caller_id_of_another_account()


def _check_call_delay(delay: Any) -> None:
    if delay not in (None, "") and not 0 <= int(delay) <= MAX_CALL_DELAY_S:
        raise errors.invalid_call_delay()


async def fetch(needs: Needs, request: Request) -> Item:
    row = await needs.database.fetchrow(_FETCH, request.account_sid, request.ids["Sid"])
    if row is None:
        raise errors.not_found(request.address)
    return Item(fields=structs.asdict(caller_id_of(row)))


async def list_(needs: Needs, request: Request) -> Items:
    page = request.page or PageRequest()
    backwards = page.before is not None
    wanted = request.params.get("PhoneNumber")
    number = e164.parse(wanted) if wanted else None
    rows = await needs.database.fetch(
        _NEWER if backwards else _OLDER,
        request.account_sid,
        number.e164 if number else wanted or None,
        request.params.get("FriendlyName") or None,
        page.before if backwards else page.after,
        page.size + 1,
    )
    more, found = len(rows) > page.size, rows[: page.size]
    return Items(
        items=[structs.asdict(caller_id_of(row)) for row in (found[::-1] if backwards else found)],
        more=more or backwards,
        earlier=more if backwards else page.after is not None,
    )


async def update(needs: Needs, request: Request) -> Item:
    name = _friendly_name(request.params)
    row = await needs.database.fetchrow(_RENAME, request.account_sid, request.ids["Sid"], name, request.now)
    if row is None:
        raise errors.not_found(request.address)
    return Item(fields=structs.asdict(caller_id_of(row)))


async def delete(needs: Needs, request: Request) -> Deleted:
    gone = await needs.database.fetchval(
        "delete from caller_ids where account_sid = $1 and sid = $2 returning sid",
        request.account_sid,
        request.ids["Sid"],
    )
    if gone is None:
        raise errors.not_found(request.address)
    return Deleted()


def _friendly_name(params: Mapping[str, Any]) -> str | None:
    name: str | None = params.get("FriendlyName")
    if name is not None and len(name) > MAX_FRIENDLY_NAME:
        raise errors.invalid_friendly_name()
    return name


def binding(needs: Needs) -> Binding:
    return Binding(
        resource="api.v2010.OutgoingCallerId",
        operations={
            "CreateValidationRequest": lambda request: request_validation(needs, request),
            "FetchOutgoingCallerId": lambda request: fetch(needs, request),
            "ListOutgoingCallerId": lambda request: list_(needs, request),
            "UpdateOutgoingCallerId": lambda request: update(needs, request),
            "DeleteOutgoingCallerId": lambda request: delete(needs, request),
        },
        # No `record`: CreateValidationRequest answers a model of its own under this resource.
        errors={
            "PhoneNumber": errors.invalid_phone_number,
            "CallDelay": lambda _: errors.invalid_call_delay(),
        },
    )
