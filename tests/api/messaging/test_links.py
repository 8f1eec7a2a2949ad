"""Links of messages: shortened, followed, told of, and what hinders it."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from certificates import key_and_certificate
from http_server import Server, answer, running

from localloop.core.clock import WorldTime
from localloop.core.errors import ApiError
from localloop.products.messaging.link import shorten
from localloop.products.messaging.link.book import Visit
from localloop.rest.request import Caller
from localloop.store.worlds import Worlds, move_clock
from tests.api.messaging.conftest import FROM, PUBLIC_URL, Phone

LONG = "https://example.com/a?b=c"
OK = answer("204 No Content", length=False)


@pytest.fixture
async def service(working: Phone, caller: Caller) -> str:
    """A messaging service with a number."""
    made = await working.ask.item("messaging.v1.CreateService", caller, {"FriendlyName": "links"})
    await working.own(caller, FROM)
    owned = await working.directory.find(caller.world_sid, FROM)
    assert owned is not None
    joins = {"PhoneNumberSid": owned.sid}
    await working.ask("messaging.v1.CreatePhoneNumber", caller, joins, ServiceSid=made["sid"])
    return str(made["sid"])


@pytest.fixture
async def shortening(working: Phone, caller: Caller, service: str) -> Phone:
    """It shortens with a domain whose links lead to this server."""
    domain = await working.messaging.links.add_domain(caller.account_sid, caller.world_sid, "")
    await asks(working, caller, "CreateLinkshorteningMessagingService", domain.sid, service=service)
    return working


async def asks(
    server: Phone, caller: Caller, operation: str, sid: str, params: Any = None, *, service: str = ""
) -> Any:
    ids = {"DomainSid": sid} | ({"MessagingServiceSid": service} if service else {})
    return await server.ask(f"messaging.v1.{operation}", caller, params, **ids)


async def domain_of(server: Phone, caller: Caller) -> Any:
    [found] = await server.messaging.links.domains(caller.account_sid, after="", limit=2)
    return found


async def sent(server: Phone, caller: Caller, service: str | None, **params: Any) -> dict[str, Any]:
    asked = {"ShortenUrls": True, "MessagingServiceSid": service, "Body": f"Look: {LONG}.", **params}
    made = await server.send(caller, **asked)
    await server.idle()
    return await server.fetch(caller, made["sid"])


def code_in(text: str) -> str:
    found = re.search(r"/([A-Za-z0-9]{10})\b", text)
    assert found is not None, text
    return found[1]


async def test_a_link_is_short_and_leads_there(shortening: Phone, caller: Caller, service: str) -> None:
    message = await sent(shortening, caller, service)
    code = code_in(message["body"])
    assert (message["body"], message["status"]) == (f"Look: {PUBLIC_URL}/s/{code}.", "delivered")
    assert await shortening.messaging.links.follow(Visit(host="", code=code)) == LONG
    other = await sent(shortening, caller, service, From=None)
    assert code_in(other["body"]) != code
    assert (other["from"], other["status"]) == (FROM, "delivered")


async def test_clicks_are_told(shortening: Phone, caller: Caller, service: str) -> None:
    domain = await domain_of(shortening, caller)
    message = await sent(shortening, caller, service)
    follow = partial(Visit, host="", code=code_in(message["body"]), user_agent="Test/1.0")
    async with running(Server(OK)) as application:
        await asks(shortening, caller, "UpdateDomainConfig", domain.sid, {"CallbackUrl": application.url})
        await shortening.messaging.links.follow(follow(is_click=False))
        await shortening.messaging.links.follow(follow())
        await shortening.idle()
        [clicked] = application.requests
    form = clicked.form
    assert (form["event_type"], form["sms_sid"], form["link"]) == ("click", message["sid"], LONG)
    assert (form["from"], form["to"], form["user_agent"]) == (message["from"], message["to"], "Test/1.0")
    assert (form["messaging_service_sid"], form["account_sid"]) == (service, caller.account_sid)


async def test_links_live_ninety_days(shortening: Phone, caller: Caller, service: str) -> None:
    worlds = Worlds(shortening.database, runs_jobs=True)
    await worlds.start()
    code = code_in((await sent(shortening, caller, service))["body"])
    for days, place in ((89, LONG), (90, None)):
        async with shortening.database.unit() as unit:
            await move_clock(unit, caller.world_sid, WorldTime("offset", timedelta(days=days)))
        await shortening.messaging.links.follow(Visit(host="", code=code))
        assert await shortening.messaging.links.follow(Visit(host="", code=code)) == place
    await worlds.close()


async def test_a_domain_of_ones_own(working: Phone, caller: Caller, service: str) -> None:
    domain = await working.messaging.links.add_domain(caller.account_sid, caller.world_sid, "go.example.com")
    await asks(working, caller, "CreateLinkshorteningMessagingService", domain.sid, service=service)
    assert (await sent(working, caller, service))["error_code"] == 30107
    await asks(working, caller, "UpdateRequestManagedCert", domain.sid)
    code = code_in((await sent(working, caller, service))["body"])
    links = working.messaging.links
    assert await links.follow(Visit(host="go.example.com", code=code)) == LONG
    assert await links.follow(Visit(host="other.example.com", code=code)) is None
    config = {"DisableHttps": True, "FallbackUrl": "https://example.com/lost"}
    await asks(working, caller, "UpdateDomainConfig", domain.sid, config)
    assert (await sent(working, caller, service))["body"].startswith("Look: go.example.com/")
    lost = Visit(host="go.example.com", code="abcdefghij")
    assert await links.follow(lost) == "https://example.com/lost"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [({"is_valid": False}, 30101), ({"is_blocked": True}, 30110), ({"denied_url": "example.com/a"}, 30111)],
)
async def test_what_hinders_fails_the_message(
    shortening: Phone, caller: Caller, service: str, wanted: dict[str, Any], code: int
) -> None:
    domain = await domain_of(shortening, caller)
    rest = {"is_valid": True, "reason": None, "is_blocked": False, "denied_url": None}
    await shortening.messaging.links.judge(domain, {**rest, **wanted})
    failed = await sent(shortening, caller, service)
    assert (failed["status"], failed["error_code"]) == ("failed", code)
    await asks(shortening, caller, "UpdateDomainConfig", domain.sid, {"ContinueOnFailure": True})
    assert (await sent(shortening, caller, service))["body"] == f"Look: {LONG}."


async def test_no_domain(working: Phone, caller: Caller) -> None:
    assert (await sent(working, caller, None))["error_code"] == 30106


async def test_what_an_association_shows(shortening: Phone, caller: Caller, service: str) -> None:
    domain = await domain_of(shortening, caller)
    other = await shortening.messaging.links.add_domain(caller.account_sid, caller.world_sid, "b.example.com")
    with pytest.raises(ApiError) as taken:
        await asks(shortening, caller, "CreateLinkshorteningMessagingService", other.sid, service=service)
    assert taken.value.code == 30130
    config = await asks(shortening, caller, "FetchDomainConfigMessagingService", "", service=service)
    assert config.fields["domain_sid"] == domain.sid
    await asks(shortening, caller, "DeleteLinkshorteningMessagingService", domain.sid, service=service)
    with pytest.raises(ApiError) as gone:
        await asks(
            shortening, caller, "FetchLinkshorteningMessagingServiceDomainAssociation", "", service=service
        )
    assert gone.value.status == 404


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"CallbackUrl": "ftp://x"}, 30109),
        ({"CallbackUrl": ""}, 30123),
        ({"FallbackUrl": "no"}, 30122),
        ({"FallbackUrl": ""}, 30121),
    ],
)
async def test_addresses_of_a_config(
    shortening: Phone, caller: Caller, params: dict[str, str], code: int
) -> None:
    domain = await domain_of(shortening, caller)
    with pytest.raises(ApiError) as refused:
        await asks(shortening, caller, "UpdateDomainConfig", domain.sid, params)
    assert refused.value.code == code


async def test_certificates(working: Phone, caller: Caller) -> None:
    name = "go.example.com"
    domain = await working.messaging.links.add_domain(caller.account_sid, caller.world_sid, name)
    key, good = key_and_certificate(name)
    other, _ = key_and_certificate(name)
    bad = {
        30116: good,
        30117: key + re.sub(r"\n[A-Za-z0-9+/]{20}", "\nAAAA", good, count=1),
        30118: re.sub(r"\n[A-Za-z0-9+/]{20}", "\nAAAA", key, count=1) + good,
        30119: other + good,
        30129: "".join(key_and_certificate(name, signed_by_itself=True)),
        30132: "".join(key_and_certificate("elsewhere.example.com")),
        30102: "".join(key_and_certificate(name, days=-1)),
    }
    for code, pem in bad.items():
        with pytest.raises(ApiError) as refused:
            await asks(working, caller, "UpdateDomainCertV4", domain.sid, {"TlsCert": pem})
        assert refused.value.code == code
    shown = await asks(working, caller, "UpdateDomainCertV4", domain.sid, {"TlsCert": key + good})
    assert (shown.fields["certificate_sid"][:2], shown.fields["domain_name"]) == ("CW", name)
    assert "PRIVATE" not in str(await working.database.fetchval("select data::text from link_domains"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("no link", "no link"),
        ("a https://x.y/z, b", "a B0, b"),
        ("(https://x.y/z(1)) http://q", "(B0) B1"),
        ("https://x.y B0", "B0 B0"),
        ("say “https://x.y/é?”", "say “B0"),
    ],
)
def test_where_links_end(text: str, wanted: str) -> None:
    codes = iter("0123")
    assert shorten.shorten(text, "B", "DN", lambda: next(codes)).text == wanted


def test_media_become_links() -> None:
    done = shorten.media_links("look", ("https://x/a.png", "https://x/b.png"), "https://h/s/")
    first, second = done.links
    assert done.text == f"look\nhttps://h/s/{first.code}\nhttps://h/s/{second.code}"
    assert (len(first.code), first.domain_sid) == (7, None)
