"""The hundred documents that are wrong, hostile or huge, from a real server to real workers, all at once and again."""

from __future__ import annotations

import gc
from datetime import timedelta

import pytest
from http_server import answer

from localloop.products.voice.call.conduct import TIME_LIMIT
from tests.api.calls.conftest import Loop
from tests.unit.twiml.interpreter.test_hostile import BROKEN, NOT_TWIML, ODD

pytestmark = pytest.mark.long

HOUR = timedelta(hours=1)


def _answers() -> dict[str, tuple[bytes, int | None]]:
    """What the application says at each path, and the code that the Debugger is told."""
    wrong = [(body, kind, code) for body, kind, code in NOT_TWIML.values()]
    wrong += [(body, "text/xml", code) for body, code in BROKEN.values()]
    odd = [(body, "text/xml", code) for body, code in ODD.values()]
    return {
        f"/{number}": (answer("200 OK", body, *([f"Content-Type: {kind}"] if kind else [])), code)
        for number, (body, kind, code) in enumerate([*wrong, *odd])
    }


async def _all(loop: Loop, paths: list[str]) -> dict[str, str]:
    """The path of each call, once all are over. Whoever is called hears a minute of it: what has no action is asked
    for again and again."""
    await loop.persona(script=[{"pause": 60}, {"hang_up": True}])
    made = {}
    for path in paths:
        call = await loop.call(Url=f"{loop.app.url}{path}", FallbackUrl=f"{loop.app.url}/fallback")
        made[call["sid"]] = path
    await loop.go_on(HOUR)
    await loop.until("not exists (select from live_calls)")
    await loop.quiet()
    return made


async def test_a_hundred_bad_documents(loop: Loop) -> None:
    answers = _answers()
    loop.app.documents |= {path: body for path, (body, _) in answers.items()}
    made = await _all(loop, list(answers))
    rows = await loop.database.fetch(
        "select resource_sid, error_code from alerts where error_code <> $1", TIME_LIMIT
    )
    told = {
        path: {row["error_code"] for row in rows if row["resource_sid"] == sid} for sid, path in made.items()
    }
    assert told == {path: {code} - {None} for path, (_, code) in answers.items()}
    fallbacks = {made[each["CallSid"]]: each["ErrorCode"] for each in loop.app.told("/fallback")}
    wrong = list(answers)[: len(NOT_TWIML) + len(BROKEN)]
    assert fallbacks == {path: str(answers[path][1]) for path in wrong}
    statuses = await loop.database.fetch("select distinct status from calls where parent_id is null")
    assert [row["status"] for row in statuses] == ["completed"]
    before = _values()
    await _all(loop, list(answers))
    assert _values() - before < len(answers) // 2


def _values() -> int:
    """How many values of ours are in memory: nothing of calls that are over stays."""
    gc.collect()
    return sum(str(type(each).__module__).startswith("localloop.") for each in gc.get_objects())
