"""What came of events, written in batches: a call's state, its row, its callbacks, its next events and the end of the
job that led there are one commit, and all of it only where nobody else changed the call meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from localloop.jobs import enqueue
from localloop.products.voice.call import queries
from localloop.products.voice.call.queries import Taken
from localloop.products.voice.call.turn import Outcome
from localloop.products.voice.call.visits import Visits, place_of
from localloop.products.voice.conference.desk import Desk
from localloop.products.voice.recording.desk import Recorder
from localloop.products.voice.session import queries as sessions
from localloop.telephony.simulated import handsets
from localloop.webhooks import Alert, Webhooks

log = logging.getLogger(__name__)

_MOST_LOGGED: Final = 1000


class Outcomes:
    """The flush of the group commit."""

    def __init__(self, webhooks: Webhooks | None, recorder: Recorder) -> None:
        self._webhooks = webhooks
        self._recorder = recorder
        self._logged: dict[str, None] = {}  # what was said last
        self._visits = Visits(Desk(recorder))

    async def flush(self, connection: Any, outcomes: Sequence[Outcome]) -> list[Taken]:
        """Whether each was written; of a call that is there twice the first is."""
        named = [(outcome.live.call.account_sid, outcome.live.call.id) for outcome in outcomes]
        first = {name: index for index, name in reversed(list(enumerate(named)))}
        indexes = sorted(first.values())
        answers: list[Taken] = ["conflict"] * len(outcomes)
        chosen = [outcomes[index] for index in indexes]
        changes = [(each.live, each.job, each.asks is not None) for each in chosen]
        for index, answer in zip(indexes, await queries.take(connection, changes), strict=True):
            answers[index] = answer
        taken = [outcome for outcome, answer in zip(outcomes, answers, strict=True) if answer == "taken"]
        await self._follow(connection, taken)
        return answers

    async def _follow(self, connection: Any, taken: Sequence[Outcome]) -> None:
        await queries.change(connection, [each.live.call for each in taken if each.is_changed])
        asking = [(each.job, each.asks) for each in taken if each.job is not None and each.asks is not None]
        await queries.become(connection, asking)
        await queries.cancel(connection, [each.live for each in taken if each.live.is_over])
        await queries.insert(connection, [call for each in taken for call in each.calls])
        await handsets.keep_calls(connection, [call for each in taken for call in each.handsets])
        await handsets.keep_lines(connection, [line for each in taken for line in each.lines])
        await enqueue(connection, [job for each in taken for job in each.then])
        await self._recorder.begin(connection, [each for one in taken for each in one.recordings])
        # In one order everywhere, so that of two who visit the same none waits for the other for ever.
        visits = sorted(
            ((each.live, visit) for each in taken for visit in each.visits), key=lambda one: place_of(*one)
        )
        for live, visit in visits:
            await enqueue(connection, await self._visits.carry_out(connection, live, visit))
        for each in taken:
            for stopped in each.stopped:
                await self._recorder.stop(connection, stopped)
        await sessions.keep(connection, [each for one in taken for each in one.sessions])
        ended = [each.live.call for each in taken if each.live.call.has_ended]
        times = [(call.account_sid, call.id, call.end_time or call.date_updated) for call in ended]
        await self._recorder.calls_ended(connection, times)
        alerts = [alert for each in taken for alert in each.alerts]
        if alerts and self._webhooks is not None:
            await self._webhooks.keep_alerts(connection, alerts)
        for alert in alerts:
            self._log(alert)

    def _log(self, alert: Alert) -> None:
        """Once of each call, however often it comes to the same document."""
        said = f"{alert.resource_sid}: {alert.error_code} {alert.reason}{_where(alert)}"
        if said not in self._logged:
            log.warning("%s", said)
            self._logged[said] = None
        if len(self._logged) > _MOST_LOGGED:
            self._logged.pop(next(iter(self._logged)))


def _where(alert: Alert) -> str:
    """In which document."""
    url, line = alert.facts.get("url"), alert.facts.get("line")
    return f" ({url}{f', line {line}' if line else ''})" if url else ""
