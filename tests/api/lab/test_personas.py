"""What phones do by themselves: they answer by rules, are not on every channel, and read; and none goes on for ever."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import pytest
from http_server import Server, answer, running
from waiting import until

from localloop.carriers.personas import Answering, job_of
from localloop.core import sids
from localloop.core.settings import Settings
from localloop.jobs import enqueue
from tests.api.lab.conftest import FROM, TO, Refused, World
from tests.api.lab.test_waits import wait


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(plain="allow", message_rate=0)


async def rule(world: World, *rules: Any, number: str = TO) -> Any:
    return await world.lab("POST", f"Phones/{number}", Rules=orjson.dumps(rules).decode())


async def answers(world: World, count: int = 1) -> list[str]:
    """What phones said, oldest first, once there are so many."""
    found = await wait(world, "Messages", Direction="inbound", AtLeast=count)
    return [item["Body"] for item in found["items"]][::-1]


async def own(world: World, **webhooks: str) -> None:
    path = f"/2010-04-01/Accounts/{world.sid}/IncomingPhoneNumbers.json"
    await world.ask("POST", path, {"PhoneNumber": FROM, **webhooks})


async def test_the_first_rule_that_matches_has_its_say(world: World) -> None:
    await rule(
        world,
        {"match": r"code is (?P<code>\d{6})(.*)", "template": "{code} came from {From}{2}"},
        {"match": {"Body": "~(?i)^confirm", "From": ["+15550009999", FROM]}, "reply": "YES"},
        {"match": {"From": "+15550009999"}, "reply": "who are you?"},
    )
    for body in ("Your code is 123456!", "nothing to say to this", "Confirm, please"):
        await world.send(Body=body)

    assert sorted(await answers(world, 2)) == [f"123456 came from {FROM}!", "YES"]


async def test_an_answer_is_a_text_like_any_other(world: World) -> None:
    async with running(Server(answer("200 OK", b"<Response/>", "Content-Type: text/xml"))) as application:
        await own(world, SmsUrl=application.url)
        await rule(world, {"reply": "hi"})
        await world.send(Body="hello")
        await application.wait_for(1)
        form = application.requests[0].form

    assert (form["From"], form["To"], form["Body"]) == (TO, FROM, "hi")
    received, sent = (await world.lab("GET", f"Phones/{TO}/Messages"))["messages"][::-1]
    assert (received["body"], sent["body"], sent["message_sid"]) == ("hello", "hi", form["MessageSid"])


async def test_an_answer_takes_its_time_in_the_time_of_the_world(world: World) -> None:
    await world.clock(mode="auto")
    await rule(world, {"reply": "I have slept on it", "delay": "8h"})
    sent = await world.send()
    [item] = (await wait(world, "Messages", Direction="inbound", Timeout=8 * 3_600 + 45))["items"]

    began, ended = [
        parsedate_to_datetime((await world.message(sid))["date_created"])
        for sid in (sent["sid"], item["sid"])
    ]
    assert timedelta(hours=8) <= ended - began < timedelta(hours=8, minutes=1)


TYPED = "typed by a program"


@pytest.mark.parametrize(
    ("said", "content_type"),
    [(TYPED, "text/plain"), (f"<Response><Message>{TYPED}</Message></Response>", "text/xml")],
)
async def test_a_program_answers_for_a_phone(world: World, said: str, content_type: str) -> None:
    reply = answer("200 OK", said.encode(), f"Content-Type: {content_type}")
    async with running(Server(reply)) as program:
        await rule(world, {"webhook": f"{program.url}/phone"})
        sent = await world.send(Body="hello")
        assert await answers(world) == [TYPED]
        [asked] = program.requests

    assert asked.path == "/phone"
    assert asked.form["MessageSid"] == sent["sid"]
    assert (asked.form["From"], asked.form["To"], asked.form["Body"]) == (FROM, TO, "hello")


async def test_a_text_is_answered_once_though_its_job_runs_twice(world: World) -> None:
    await rule(world, {"reply": "hi"})
    await world.send()
    await answers(world)
    [text] = (await world.lab("GET", f"Phones/{TO}/Messages?Direction=received"))["messages"]
    again = job_of(world.sid, world.sid, Answering(TO, sids.uuid_of(text["sid"])), world.now)
    async with world.database.unit() as unit:
        await enqueue(unit, [again])
    await world.send(Body="and another")

    assert await answers(world, 2) == ["hi", "hi"]
    assert len((await world.lab("GET", f"Phones/{TO}/Messages?Direction=sent"))["messages"]) == 2


async def test_nobody_is_answered_for_ever(world: World) -> None:
    """An application and a phone that answer whatever comes: each would be enough to keep the other talking."""
    again = b"<Response><Message>what?</Message></Response>"
    async with running(Server(answer("200 OK", again, "Content-Type: text/xml"))) as application:
        await own(world, SmsUrl=application.url)
        await rule(world, {"reply": "what?"})
        await world.send(Body="hello")
        assert set(await answers(world, 30)) == {"what?"}
        await world.send(Body="again, by hand")
        await wait(world, "Messages", MessageStatus="delivered", Body="again, by hand")
        await until_idle(world)

    assert len((await world.lab("GET", f"Phones/{TO}/Messages?Direction=sent"))["messages"]) == 30


async def until_idle(world: World) -> None:
    await until(
        lambda: world.database.fetchval(
            "select not exists (select from jobs where world_sid = $1)", world.sid
        )
    )


async def test_a_phone_is_reached_by_its_channels_only(world: World) -> None:
    await world.lab("POST", f"Phones/{TO}", Channels=["whatsapp", "rcs"])
    sent = await world.send()
    await wait(world, "Messages", MessageStatus="undelivered", ErrorCode="30006")

    shown = await world.lab("POST", f"Phones/{TO}", Channels="")
    assert shown["channels"] == ["sms", "messenger", "rcs", "whatsapp"]
    again = await world.send()
    await wait(world, "Messages", MessageStatus="delivered", Sid=again["sid"])
    assert (await world.message(sent["sid"]))["status"] == "undelivered"


async def test_a_phone_is_shown_as_it_was_set_and_each_part_changes_by_itself(world: World) -> None:
    rules = [
        {"reply": "a", "match": {"Body": "~x"}},
        {"template": "{0}", "match": {"Body": "~.+", "From": ["+1", "!+2"]}, "delay": 1_500},
    ]
    await rule(world, {"reply": "a", "match": "x"}, {**rules[1], "delay": "1.5s"})
    await world.lab("POST", f"Phones/{TO}", Reads="true", ReadDelay="2000", Behavior="slow")
    shown = await world.lab("GET", f"Phones/{TO}")
    assert (shown["rules"], shown["read_delay"], shown["behavior"]) == (rules, 2_000, "slow")

    shown = await world.lab("POST", f"Phones/{TO}", Rules="", Reads="false")
    assert (shown["rules"], shown["read_delay"], shown["behavior"]) == ([], None, "slow")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('{"reply": "a"', "Rules"),
        ('["a"]', "rule 1: it is no object"),
        ('[{"reply": "a"}, {"say": "a"}]', "rule 2: say is unknown"),
        ('[{"match": "a"}]', "it has one of reply, template, webhook"),
        ('[{"reply": "a", "webhook": "http://a"}]', "it has one of"),
        ('[{"reply": "a", "match": "("}]', "match: Body: it is no regular expression"),
        ('[{"reply": "a", "match": {"Subject": "x"}}]', "Subject"),
        ('[{"template": "{name}", "match": "(?P<code>.)"}]', "{name} is neither"),
        ('[{"webhook": "ftp://a"}]', "webhook is an address"),
        ('[{"reply": "a", "delay": -1}]', "delay is between"),
        ('[{"reply": "a", "delay": "soon"}]', "no span of time"),
    ],
)
async def test_what_is_no_rule_is_refused_with_the_reason(world: World, given: str, said: str) -> None:
    with pytest.raises(Refused, match="400 20001") as refused:
        await world.lab("POST", f"Phones/{TO}", Rules=given)
    assert said in refused.value.answer["message"]
