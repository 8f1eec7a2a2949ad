"""The calls as the resources beside them know them: what they ask of calls, the engine does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import errors, sids
from localloop.core.errors import ApiError
from localloop.jobs import enqueue
from localloop.products.voice.call import queries
from localloop.products.voice.call.accept import Acceptance
from localloop.products.voice.call.compose import Composer, Origin
from localloop.products.voice.call.engine import Engine
from localloop.products.voice.call.events import AnyEvent, Attached, Detached, Ordered
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.queries import Wanted
from localloop.products.voice.call.visits import jobs_of
from localloop.products.voice.calls import Document, Whose
from localloop.products.voice.conference.room import Room, Tell
from localloop.products.voice.session.session import CallSession
from localloop.store import Database, Executor, Unit

_STATUSES: Final = "select id, status from calls where account_sid = $1 and id = any($2::uuid[])"


class Composed(Struct, frozen=True):
    """Implements `Made`."""

    live: Live
    acceptance: Acceptance

    @property
    def sid(self) -> str:
        return self.live.call.sid

    async def begin(self, unit: Unit) -> int:
        [taken] = await self.acceptance.flush(unit, [self.live])
        if isinstance(taken, ApiError):
            raise taken
        return taken.queue_ms


class HeldCalls:
    """Implements `Calls`, and `Listened` of the sessions."""

    def __init__(
        self, database: Database, engine: Engine, composer: Composer, acceptance: Acceptance
    ) -> None:
        self._database = database
        self._engine = engine
        self._composer = composer
        self._acceptance = acceptance

    async def exists(self, account_sid: str, call_sid: str) -> bool:
        return await queries.by_sid(self._database, account_sid, call_sid) is not None

    async def statuses(self, account_sid: str, call_sids: Sequence[str]) -> Mapping[str, str]:
        ids = [sids.uuid_of(sid) for sid in call_sids]
        rows = await self._database.fetch(_STATUSES, account_sid, ids)
        return {sids.from_uuid("CA", row["id"]): row["status"] for row in rows}

    async def redirect(self, whose: Whose, call_id: UUID, document: Document) -> None:
        """Raises 21220."""
        if not await self._take(whose, call_id, Ordered(url=document.url, method=document.method)):
            raise errors.call_not_in_progress()

    async def attach(self, whose: Whose, call_id: UUID, session: CallSession) -> None:
        """Something listens to it from now on. Raises 20001, 21220, 31960."""
        if not await self._take(whose, call_id, Attached(session)):
            raise errors.call_not_in_progress()

    async def detach(self, whose: Whose, call_id: UUID, sid: str) -> None:
        await self._take(whose, call_id, Detached(sid))

    async def _take(self, whose: Whose, call_id: UUID, event: AnyEvent) -> bool:
        """False when the call is over."""
        live = await queries.find(self._database, whose.account_sid, call_id)
        if live is None:
            return False
        wanted = Wanted(whose.account_sid, call_id, live.root)
        return await self._engine.take(wanted, event, whose.at) is not None

    async def compose(self, whose: Whose, params: Mapping[str, Any], room: str) -> Composed:
        origin = Origin(whose.account_sid, whose.world_sid, whose.at)
        live = await self._composer.compose(params, origin)
        return Composed(replace(live, room=room), self._acceptance)

    async def tell(self, unit: Executor, whose: Whose, of: Room, tells: Sequence[Tell]) -> None:
        await enqueue(unit, jobs_of(of, tells, whose.at))
