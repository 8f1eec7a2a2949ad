"""Live calls in a copy of their world: they go on there under the other account's names, and never meet the first."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from localloop.core import clock
from localloop.store.worlds import move_clock
from tests.api.calls.conftest import Loop

OWN = "+15005550110"


async def _copy(loop: Loop) -> Loop:
    """A fork of the world, as its main account."""
    reply = await loop.ask("POST", "/lab/v1/World/Fork")
    assert reply.status == 201, reply.body
    account = reply.json()["accounts"][0]
    return replace(loop, ask=loop.ask.acting_as(account["sid"], account["auth_token"]))


async def _pass(loop: Loop) -> None:
    """An hour, in this world alone."""
    world_sid = loop.ask.account_sid
    async with loop.database.unit() as unit:
        await move_clock(unit, world_sid, clock.world_time(world_sid).advanced(timedelta(hours=1)))
    await loop.quiet()


async def test_a_live_call_is_forked_with_all_that_it_mentions(loop: Loop) -> None:
    """Both sides of a call within the house, in a conference, with addresses that name the account."""
    sid = loop.ask.account_sid
    account = f"/2010-04-01/Accounts/{sid}"
    own = {"PhoneNumber": OWN, "VoiceUrl": f"{loop.app.url}/{sid}/menu"}
    assert (await loop.ask("POST", f"{account}/IncomingPhoneNumbers.json", own)).status == 201
    loop.app.documents[f"/{sid}/menu"] = (
        f"<Response><Gather action='/{sid}/chosen' actionOnEmptyResult='true' timeout='20'/></Response>"
    )
    loop.app.documents["/voice"] = (
        f"<Response><Dial timeLimit='60' action='/{sid}/dialled'><Conference waitUrl='/{sid}/wait'>room</Conference>"
        "</Dial></Response>"
    )
    await loop.call(To=OWN)
    await loop.advance(timedelta(seconds=2))
    fork = await _copy(loop)
    new = fork.ask.account_sid
    assert not await loop.database.fetchval(
        "select exists (select from live_calls l, conferences c where l.account_sid = $1 and c.account_sid = $1"
        " and strpos(convert_from(l.state, 'utf8') || convert_from(c.state, 'utf8'), $2) > 0)",
        new,
        sid,
    )
    loop.app.asked.clear()
    await _pass(fork)
    assert {params["AccountSid"] for _, params in loop.app.asked} == {new}
    assert {f"/{new}/chosen", f"/{new}/dialled"} <= set(loop.app.paths())
    ended = [each["status"] for each in (await fork.ask("GET", f"{fork.path}.json")).json()["calls"]]
    assert ended == ["completed", "completed"]
    going_on = [each["status"] for each in (await loop.ask("GET", f"{loop.path}.json")).json()["calls"]]
    assert going_on == ["in-progress", "in-progress"]
