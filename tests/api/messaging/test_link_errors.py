"""What is wrong with links that are shortened, where the rest of their tests does not meet it."""

from __future__ import annotations

import pytest
from certificates import key_and_certificate

from localloop.core.errors import ApiError
from localloop.products.messaging.link.book import Visit
from localloop.rest.request import Caller
from tests.api.messaging.conftest import Phone

NAME = "go.example.com"


async def refused(server: Phone, caller: Caller, operation: str, sid: str, **params: str) -> int:
    with pytest.raises(ApiError) as error:
        await server.ask(f"messaging.v1.{operation}", caller, dict(params), DomainSid=sid)
    return error.value.code


async def test_a_certificate_of_another_name(server: Phone, caller: Caller) -> None:
    domain = await server.messaging.links.add_domain(caller.account_sid, caller.world_sid, NAME)
    pem = "".join(key_and_certificate("elsewhere.example.com"))
    assert await refused(server, caller, "UpdateDomainCertV4", domain.sid, TlsCert=pem) == 30132


async def test_an_expired_certificate(server: Phone, caller: Caller) -> None:
    domain = await server.messaging.links.add_domain(caller.account_sid, caller.world_sid, NAME)
    pem = "".join(key_and_certificate(NAME, days=-1))
    assert await refused(server, caller, "UpdateDomainCertV4", domain.sid, TlsCert=pem) == 30102


async def test_a_domain_whose_dns_is_wrong(server: Phone, caller: Caller) -> None:
    links = server.messaging.links
    domain = await links.add_domain(caller.account_sid, caller.world_sid, NAME)
    wrong = {"is_valid": False, "reason": "no record", "is_blocked": False, "denied_url": None}
    await links.judge(domain, wrong)
    assert await refused(server, caller, "UpdateRequestManagedCert", domain.sid) == 30134


async def test_a_click_that_leads_nowhere_is_told(working: Phone, caller: Caller) -> None:
    """30105, or 30104 where there is an address to fall back on."""
    links = working.messaging.links
    domain = await links.add_domain(caller.account_sid, caller.world_sid, NAME)
    visit = Visit(host=NAME, code="abcdefghij")
    assert await links.follow(visit) is None
    asked = {"FallbackUrl": "https://example.com/lost"}
    await working.ask("messaging.v1.UpdateDomainConfig", caller, asked, DomainSid=domain.sid)
    assert await links.follow(visit) == "https://example.com/lost"
    await working.until("select count(*) = 2 from alerts")
    told = await working.database.fetch("select error_code from alerts order by id")
    assert [row["error_code"] for row in told] == [30105, 30104]
