"""Links of messages: shortened, followed, told of, and what hinders it."""

from __future__ import annotations

import asyncio
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


FINE = {"is_valid": True, "reason": None, "is_blocked": False, "denied_url": None, "failure": None}
HINDRANCES: dict[int, dict[str, Any]] = {
    30101: {"is_valid": False},
    30110: {"is_blocked": True},
    30111: {"denied_url": "example.com/a"},
    **{code: {"failure": code} for code in (30100, 30103, 30108, 30112, 30120)},
}


@pytest.mark.parametrize("code", HINDRANCES)
async def test_what_hinders_fails_the_message(
    shortening: Phone, caller: Caller, service: str, code: int
) -> None:
    domain = await domain_of(shortening, caller)
    await shortening.messaging.links.judge(domain, {**FINE, **HINDRANCES[code]})
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


ADDRESSES = {
    30109: {"CallbackUrl": "ftp://x"},
    30123: {"CallbackUrl": ""},
    30122: {"FallbackUrl": "no"},
    30121: {"FallbackUrl": ""},
}


@pytest.mark.parametrize("code", ADDRESSES)
async def test_addresses_of_a_config(shortening: Phone, caller: Caller, code: int) -> None:
    domain = await domain_of(shortening, caller)
    with pytest.raises(ApiError) as refused:
        await asks(shortening, caller, "UpdateDomainConfig", domain.sid, ADDRESSES[code])
    assert refused.value.code == code


CERTIFIED = "go.example.com"


def bad(code: int) -> str:
    """A certificate with its key that is refused with this code."""
    key, good = key_and_certificate(CERTIFIED)
    other, _ = key_and_certificate(CERTIFIED)
    spoilt = partial(re.sub, r"\n[A-Za-z0-9+/]{20}", "\nAAAA", count=1)
    return {
        30116: good,
        30117: key + spoilt(good),
        30118: spoilt(key) + good,
        30119: other + good,
        30129: "".join(key_and_certificate(CERTIFIED, signed_by_itself=True)),
        30132: "".join(key_and_certificate("elsewhere.example.com")),
        30102: "".join(key_and_certificate(CERTIFIED, days=-1)),
    }[code]


@pytest.mark.parametrize("code", [30116, 30117, 30118, 30119, 30129, 30132, 30102])
async def test_certificates_that_are_refused(server: Phone, caller: Caller, code: int) -> None:
    domain = await server.messaging.links.add_domain(caller.account_sid, caller.world_sid, CERTIFIED)
    with pytest.raises(ApiError) as refused:
        await asks(server, caller, "UpdateDomainCertV4", domain.sid, {"TlsCert": bad(code)})
    assert (refused.value.status, refused.value.code) == (400, code)


async def test_a_certificate_without_its_key_is_kept(server: Phone, caller: Caller) -> None:
    domain = await server.messaging.links.add_domain(caller.account_sid, caller.world_sid, CERTIFIED)
    pem = "".join(key_and_certificate(CERTIFIED))
    shown = await asks(server, caller, "UpdateDomainCertV4", domain.sid, {"TlsCert": pem})
    assert (shown.fields["certificate_sid"][:2], shown.fields["domain_name"]) == ("CW", CERTIFIED)
    assert "PRIVATE" not in str(await server.database.fetchval("select data::text from link_domains"))


async def test_a_deleted_certificate_leaves_the_services(
    shortening: Phone, caller: Caller, service: str
) -> None:
    domain = await domain_of(shortening, caller)
    pem = "".join(key_and_certificate(domain.domain_name))
    await asks(shortening, caller, "UpdateDomainCertV4", domain.sid, {"TlsCert": pem})
    await asks(shortening, caller, "DeleteDomainCertV4", domain.sid)
    with pytest.raises(ApiError) as gone:
        await asks(shortening, caller, "FetchDomainCertV4", domain.sid)
    assert gone.value.status == 404
    config = await asks(shortening, caller, "FetchDomainConfigMessagingService", "", service=service)
    assert config.fields["domain_sid"] == domain.sid
    await asks(shortening, caller, "DeleteLinkshorteningMessagingService", domain.sid, service=service)


@pytest.mark.parametrize(
    ("code", "operation"),
    [
        (30133, "UpdateDomainCertV4"),
        (30134, "UpdateRequestManagedCert"),
        (30135, "UpdateRequestManagedCert"),
        (30136, "UpdateRequestManagedCert"),
    ],
)
async def test_certificates_that_cannot_be_had(
    server: Phone, caller: Caller, code: int, operation: str
) -> None:
    domain = await server.messaging.links.add_domain(caller.account_sid, caller.world_sid, CERTIFIED)
    wrong = {"is_valid": False, "reason": "no A record"} if code == 30134 else {"failure": code}
    await server.messaging.links.judge(domain, {**FINE, **wrong})
    with pytest.raises(ApiError) as refused:
        await asks(server, caller, operation, domain.sid, {"TlsCert": "x"})
    assert refused.value.code == code
    dns = (await asks(server, caller, "FetchDomainDnsValidation", domain.sid)).fields
    assert (dns["is_valid"], dns["reason"]) == (code != 30134, "no A record" if code == 30134 else None)


@pytest.mark.parametrize(("fallback", "code"), [("https://example.com/lost", 30104), (None, 30105)])
async def test_links_that_lead_nowhere_are_told(
    server: Phone, caller: Caller, fallback: str | None, code: int
) -> None:
    links = server.messaging.links
    domain = await links.add_domain(caller.account_sid, caller.world_sid, CERTIFIED)
    if fallback is not None:
        await asks(server, caller, "UpdateDomainConfig", domain.sid, {"FallbackUrl": fallback})
    assert await links.follow(Visit(host=CERTIFIED, code="abcdefghij")) == fallback
    told = "select exists (select from alerts where error_code = $1 and log_level = 'warning')"
    async with asyncio.timeout(20):
        while not await server.database.fetchval(told, code):
            pass


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
