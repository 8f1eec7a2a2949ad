"""From a wish to call somebody to a call that is fit to be queued, or Twilio's error.

The order of the checks is that in which Twilio reports them when several fail: who is called, who calls, what the call
shall do (observed order; the documentation names none).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from msgspec import Struct

from localloop.core import e164, errors, sids
from localloop.core.errors import ApiError
from localloop.products.numbers import Application, Directory, find_application, is_verified
from localloop.products.voice.byoc.policy import TRUNK
from localloop.products.voice.call import queries, wish
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.resource import Call, Options
from localloop.products.voice.call.token import call_of
from localloop.store import Database
from localloop.store.plain import PlainStore

ADDRESSES: Final = ("client", "sip", "sips")
_CLIENT: Final = re.compile(r"[!-~]{1,121}")


class Hindrances(Protocol):
    """Whoever knows which numbers may not be called: dialling permissions by country, what is blocked."""

    async def refusal(self, account_sid: str, world_sid: str, number: str) -> ApiError | None: ...


class Free:
    """Everybody may be called."""

    async def refusal(self, account_sid: str, world_sid: str, number: str) -> ApiError | None:  # noqa: ARG002
        return None


class Rules(Struct, frozen=True, kw_only=True):
    """How strict this server is, and how fast its accounts may call. `rate`: calls a second; 0 = unlimited."""

    strict: bool = False  # a number must be valid, not merely possible
    rate: float = 1.0
    profile: Callable[[str], str] = lambda _: "relaxed"  # of a world: relaxed | twilio | us-a2p | trial


class Origin(Struct, frozen=True):
    """On whose behalf a call is composed."""

    account_sid: str
    world_sid: str
    now: datetime


class Composer:
    """Makes calls of requests, with the numbers of every world and the rules under which they may call."""

    def __init__(
        self, directory: Directory, records: PlainStore, rules: Rules, hindrances: Hindrances | None = None
    ) -> None:
        self._directory = directory
        self._database: Database = directory.database
        self._records = records
        self._rules = rules
        self._hindrances = hindrances or Free()

    async def compose(self, params: Mapping[str, Any], origin: Origin) -> Live:
        """A call ready to be queued. Raises Twilio's 212xx errors and 32018."""
        to = self._called(params.get("To"))
        from_ = self._caller(params.get("From"), to)
        phone_number_sid = await self._shown(from_, params, origin)
        options = wish.options_of(params, await self._application(params, origin.account_sid))
        if to.startswith("+"):
            await self._check_shown(options, origin)
            await self._check_called(to, origin)
        if self._rules.profile(origin.world_sid) == "trial":
            options = wish.on_trial(options)
        call = Call(
            account_sid=origin.account_sid,
            world_sid=origin.world_sid,
            id=sids.new_id(),
            status="queued",
            direction="outbound-api",
            from_=from_,
            to=to,
            phone_number_sid=phone_number_sid,
            options=options,
            date_created=origin.now,
            date_updated=origin.now,
        )
        return Live(call=call, root=call.id, at=origin.now)

    def _called(self, raw: str | None) -> str:
        """Raises 21201, 21211, 21217."""
        if raw is None or not raw.strip():
            raise errors.no_called_number()
        address = e164.address(raw)
        if address.kind == "channel" and address.channel in ADDRESSES:
            if not _CLIENT.fullmatch(address.value.strip()):
                raise errors.invalid_called_number(raw)
            return str(address)
        if address.kind != "number" or address.number is None:
            raise errors.invalid_called_number(raw)
        if self._rules.strict and not address.number.is_valid:
            raise errors.called_number_not_valid(raw)
        return address.value

    def _caller(self, raw: str | None, to: str) -> str:
        """Who calls a number is one; clients and SIP addresses are told whatever is said. Raises 21212, 21213."""
        if raw is None or not raw.strip():
            raise errors.caller_required()
        address = e164.address(raw)
        if address.kind == "number":
            return address.value
        if to.startswith("+") or address.kind == "invalid":
            raise errors.invalid_caller_id(raw)
        return raw.strip()

    async def _shown(self, from_: str, params: Mapping[str, Any], origin: Origin) -> str | None:
        """The SID of the number that is shown, if it is one of the account's. Raises 21210."""
        if not from_.startswith("+") or await self._is_passed_on(from_, params.get("CallToken"), origin):
            return None
        return await self._owned(from_, origin)

    async def _is_passed_on(self, from_: str, token: str | None, origin: Origin) -> bool:
        """Whether it forwards a call that came in from this number, and has its token."""
        id = call_of(token) if token else None
        call = await queries.get(self._database, origin.account_sid, id) if id is not None else None
        return call is not None and call.direction == "inbound" and call.from_ == from_

    async def _check_shown(self, options: Options, origin: Origin) -> None:
        """Another caller ID, and the carrier that the call leaves by. Raises 21210, 21212, 21300."""
        if options.caller_id:
            shown = self._caller(options.caller_id, "+")
            if not await self._is_passed_on(shown, options.call_token, origin):
                await self._owned(shown, origin)
        if options.byoc and await self._records.get(origin.account_sid, TRUNK, options.byoc, None) is None:
            raise errors.of(21300)

    async def _owned(self, from_: str, origin: Origin) -> str | None:
        """The SID of the number that is shown: one's own, or a verified one. Raises 21210."""
        owned = await self._directory.find(origin.world_sid, from_)
        if owned is not None and owned.account_sid == origin.account_sid:
            return owned.sid
        if await is_verified(self._database, origin.world_sid, origin.account_sid, from_):
            return None
        if owned is None and not self._rules.strict:
            async with self._database.unit() as unit:
                owned = await self._directory.adopt(unit, origin.world_sid, origin.account_sid, from_)
        if owned is None or owned.account_sid != origin.account_sid:
            raise errors.caller_not_verified(from_)
        return owned.sid

    async def _application(self, params: Mapping[str, Any], account_sid: str) -> Application | None:
        """Raises 21218."""
        sid = params.get("ApplicationSid")
        if not sid:
            return None
        application = await find_application(self._records, account_sid, sid)
        if application is None:
            raise errors.invalid_application_sid()
        return application

    async def _check_called(self, to: str, origin: Origin) -> None:
        """Raises 21215, 21216, 21219."""
        refusal = await self._hindrances.refusal(origin.account_sid, origin.world_sid, to)
        if refusal is not None:
            raise refusal
        if self._rules.profile(origin.world_sid) == "trial" and not await self._is_known(to, origin):
            raise errors.called_number_not_verified(to)

    async def _is_known(self, to: str, origin: Origin) -> bool:
        owned = await self._directory.find(origin.world_sid, to)
        if owned is not None and owned.account_sid == origin.account_sid:
            return True
        return await is_verified(self._database, origin.world_sid, origin.account_sid, to)
