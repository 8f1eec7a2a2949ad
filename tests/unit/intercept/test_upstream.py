"""Which proxy lies behind ours, and for which addresses there is none."""

from __future__ import annotations

import pytest

from localloop.intercept.upstream import Upstream, exempts, parse, routes

COMPANY = "http://proxy.example:3128"


def upstream(name: str, **environ: str) -> Upstream | None:
    found = routes(environ, "", 4011)
    return found.https if name == "https" else found.http


def test_the_environment_names_it() -> None:
    assert upstream("https", HTTPS_PROXY=COMPANY) == Upstream("proxy.example", 3128, False, "")
    assert upstream("http", http_proxy="proxy.example") == Upstream("proxy.example", 80, False, "")
    assert upstream("https", ALL_PROXY="https://proxy.example") == Upstream("proxy.example", 443, True, "")
    assert upstream("https", HTTP_PROXY=COMPANY) is None
    assert upstream("https") is None


def test_the_setting_stands_before_the_environment() -> None:
    found = routes({"HTTPS_PROXY": "http://other.example"}, COMPANY, 4011)
    assert found.http == found.https == parse(COMPANY)


def test_its_password_is_for_it_alone() -> None:
    named = parse("http://me:p%40ss@proxy.example:3128")
    assert named.authorization == "Basic bWU6cEBzcw=="
    assert named.name == "proxy.example:3128"


@pytest.mark.parametrize("url", ["socks5://proxy.example:1080", "http://"])
def test_what_we_cannot_go_through_is_told(url: str) -> None:
    with pytest.raises(ValueError, match="is none that localloop can go through"):
        routes({"HTTPS_PROXY": url}, "", 4011)


def test_our_own_proxy_is_none() -> None:
    """A shell that was told to use ours may start the next localloop."""
    own = "http://127.0.0.1:4777"
    assert upstream("https", HTTPS_PROXY=own, LOCALLOOP_PROXY=own) is None
    assert upstream("https", HTTPS_PROXY="http://localhost:4011") is None


@pytest.mark.parametrize(
    ("entry", "host", "is_exempt"),
    [
        ("example.com", "example.com", True),
        ("example.com", "a.example.com", True),
        (".example.com", "a.example.com", True),
        ("*.example.com", "a.example.com", True),
        ("example.com", "notexample.com", False),
        ("example.com:443", "example.com", True),
        ("example.com:8443", "example.com", False),
        ("*", "anything", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "ten.example", False),
        ("fd00::/8", "fd00::1", True),
        ("[fd00::1]", "fd00::1", True),
        ("192.0.2.1", "192.0.2.1", True),
        (".", "example.com", False),
        ("nonsense/8", "example.com", False),
    ],
)
def test_no_proxy(entry: str, host: str, is_exempt: bool) -> None:
    assert exempts(entry, host, 443) is is_exempt


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_what_is_on_this_machine_is_reached_directly(host: str) -> None:
    assert routes({"HTTPS_PROXY": COMPANY}, "", 4011).to("https", host, 443) is None


def test_no_proxy_of_the_environment_counts() -> None:
    found = routes({"HTTPS_PROXY": COMPANY, "NO_PROXY": "a.example, .internal"}, "", 4011)
    assert found.to("https", "db.internal", 443) is None
    assert found.to("https", "b.example", 443) == parse(COMPANY)
