"""Calls without a database: the engine's turns in the order of their time, with phones and an application.

What is kept between two turns is written and read here as well. Queues and conferences, which are visited in the
database, are not here.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import sids
from localloop.core.errors import ApiError
from localloop.jobs import NewJob
from localloop.products.voice.call import conduct, live
from localloop.products.voice.call.events import AnyEvent, Arrived, Brought, Dialled, NotBrought, Ordered
from localloop.products.voice.call.live import Asked, Live, Reference
from localloop.products.voice.call.resource import Call, Options
from localloop.products.voice.call.turn import Outcome, Turn, job_of
from localloop.products.voice.recording.take import Recording
from localloop.telephony.simulated import Persona, Phone, Wire
from localloop.webhooks import Alert, Notification

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ACCOUNT = "AC" + "0" * 32
MOST_TURNS = 5000
MOST_HOPS = 10
Answer: TypeAlias = Callable[[Asked], tuple[Brought | NotBrought, float]]  # and the seconds that it took


class Due(Struct, frozen=True, order=True):
    """Something that will happen to a call."""

    at: datetime
    n: int
    call_id: UUID
    event: Any


class House:
    """Whoever answers documents is `answer`; `applications` are the numbers of the house, and what leads their calls.

    With `chance`, calls are not always dealt with in the order of their time: a worker may be ahead of another by
    `LAG`.
    """

    LAG = timedelta(seconds=2)

    def __init__(self, answer: Answer, chance: random.Random | None = None) -> None:
        self.at = START
        self.personas: dict[str, Persona] = {}
        self.applications: dict[str, Options] = {}
        self.calls: dict[UUID, Call] = {}
        self.told: defaultdict[str, list[dict[str, str]]] = defaultdict(list)  # by the URL that was told
        self.recordings: list[Recording] = []
        self.alerts: list[Alert] = []
        self.turns = 0
        self._answer = answer
        self._chance = chance
        self._lives: dict[UUID, bytes] = {}
        self._agenda: list[Due] = []
        self._count = 0

    @property
    def left(self) -> list[str]:
        """What still lives, or is still to come."""
        return [f"{self.calls[id]}" for id in self._lives] + [f"{each}" for each in self._agenda]

    # -- from outside

    def call(self, to: str, options: Options, from_: str = "+15017122661") -> Call:
        """One that was made over REST."""
        made = Call(
            account_sid=ACCOUNT,
            world_sid=ACCOUNT,
            id=sids.new_id(),
            status="queued",
            direction="outbound-api",
            from_=from_,
            to=to,
            options=options,
            date_created=self.at,
            date_updated=self.at,
        )
        one = Live(call=made, root=made.id, at=self.at)
        self._keep(one)
        self._plan(job_of(one, Dialled(), self.at))
        return made

    def arrive(self, to: str, from_: str, persona: Persona) -> Call:
        """One that somebody made who holds a phone."""
        one = replace(self._incoming(from_, to), end=Phone(persona=persona, makes_call=True))
        self._keep(one)
        self._plan(job_of(one, Arrived(), self.at))
        return one.call

    def take(self, call_id: UUID, event: AnyEvent) -> bool:
        """Somebody does this now, in person; False where the call refuses."""
        one = self._find(call_id)
        is_there = one is not None and not one.call.has_ended
        if one is None or not is_there or (one.end is None and not isinstance(event, Ordered)):
            return False
        try:
            self._turn(one, event)
        except ApiError:
            return False
        return True

    @property
    def living(self) -> list[UUID]:
        return sorted(self._lives)

    # -- time

    def run(self, until: datetime | None = None) -> None:
        """Everything that is due until then, or that is ever due."""
        while self._agenda and (until is None or self._agenda[0].at < until):
            self._step()
        if until is not None:
            self.at = max(self.at, until)

    def _step(self) -> None:
        due = self._next()
        self.at = due.at
        self.turns += 1
        assert self.turns < MOST_TURNS, "it goes on for ever"
        one = self._find(due.call_id)
        if one is None:
            return
        if isinstance(due.event, Asked):
            brought, seconds = self._answer(due.event)
            self._push(self.at + timedelta(seconds=seconds), due.call_id, brought)
        else:
            self._turn(one, due.event)

    def _next(self) -> Due:
        if self._chance is None:
            return heapq.heappop(self._agenda)
        until = self._agenda[0].at + self.LAG
        heads: dict[UUID, Due] = {}
        for each in self._agenda:
            if each.at <= until and (each.call_id not in heads or each < heads[each.call_id]):
                heads[each.call_id] = each
        due = self._chance.choice(sorted(heads.values()))
        self._agenda.remove(due)
        heapq.heapify(self._agenda)
        return due

    def _turn(self, one: Live, event: AnyEvent) -> None:
        partner = None
        if isinstance(event, Dialled) and one.end is None:
            one, partner = self._found(one)
        turn = Turn(one, self.at)
        if partner is not None:
            turn.receive(partner)
        conduct.conduct(turn, event)
        self._follow(turn.outcome())

    def _follow(self, outcome: Outcome) -> None:
        assert not outcome.visits
        self._keep(outcome.live)
        self.recordings += outcome.recordings
        self.alerts += outcome.alerts
        if outcome.live.is_over:
            self._agenda = [each for each in self._agenda if each.call_id != outcome.live.call.id]
            heapq.heapify(self._agenda)
        for made in outcome.calls:
            self._keep(made)
        for job in outcome.then:
            self._plan(job)

    # -- other ends

    def _found(self, one: Live) -> tuple[Live, Live | None]:
        to = one.call.to
        if to not in self.applications or one.hops >= MOST_HOPS:
            return replace(one, end=Phone(persona=self.personas.get(to, Persona()))), None
        there = self._incoming(one.call.from_, to)
        far = Wire(account_sid=ACCOUNT, id=there.call.id, root=there.root)
        near = Wire(account_sid=ACCOUNT, id=one.call.id, root=one.root)
        return replace(one, end=far), replace(there, end=near, hops=one.hops + 1)

    def _incoming(self, from_: str, to: str) -> Live:
        call = Call(
            account_sid=ACCOUNT,
            world_sid=ACCOUNT,
            id=sids.new_id(),
            status="ringing",
            direction="inbound",
            from_=from_,
            to=to,
            start_time=self.at,
            options=self.applications[to],
            date_created=self.at,
            date_updated=self.at,
        )
        return Live(call=call, root=call.id, at=self.at)

    # -- what is kept

    def _find(self, call_id: UUID) -> Live | None:
        kept = self._lives.get(call_id)
        return live.decode(kept) if kept is not None else None

    def _keep(self, one: Live) -> None:
        before = self.calls.get(one.call.id)
        assert before is None or not before.has_ended or before.status == one.call.status, "it ended twice"
        self.calls[one.call.id] = one.call
        if one.is_over:
            self._lives.pop(one.call.id, None)
        else:
            self._lives[one.call.id] = live.encode(one)

    def _plan(self, job: NewJob) -> None:
        payload = job.payload
        if isinstance(payload, Notification):
            following: Notification | None = payload
            while following is not None:
                self.told[following.url].append(dict(following.params))  # type: ignore[arg-type]
                following = following.next
        elif isinstance(payload, Asked):
            self._push(job.due_at, payload.id, payload)
        else:
            assert isinstance(payload, Reference)
            self._push(job.due_at, payload.id, payload.event)

    def _push(self, at: datetime, call_id: UUID, event: Any) -> None:
        self._count += 1
        heapq.heappush(self._agenda, Due(at, self._count, call_id, event))
