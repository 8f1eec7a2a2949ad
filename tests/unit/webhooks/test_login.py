"""Basic and Digest: what an application asks for and what it is told, with the vectors of the RFCs."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localloop.webhooks import login, target
from localloop.webhooks.login import Exchange, Login, answered, authorization, challenges, is_news

HERE = target.parse("http://www.example.org/dir/index.html")
GET = Exchange("GET", "/dir/index.html", b"")
# RFC 7616 §3.9.1: one challenge, two algorithms.
RFC_7616 = [
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256,'
    ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5,'
    ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
]
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def logged_in(*headers: str, name: str = "Mufasa", password: str = "Circle of Life") -> Login:
    found = answered(HERE, (name, password), headers)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("header", "response"),
    [
        (RFC_7616[0], "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (RFC_7616[1], "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_vectors_of_rfc_7616(header: str, response: str) -> None:
    value, _ = authorization(logged_in(header), GET, CNONCE)
    assert f'response="{response}"' in value
    for part in (
        'username="Mufasa"',
        "qop=auth,",
        "nc=00000001",
        f'cnonce="{CNONCE}"',
        'uri="/dir/index.html"',
    ):
        assert part in value


def test_the_first_that_is_known_is_taken() -> None:
    assert logged_in(*RFC_7616).challenge.algorithm == "SHA-256"
    assert logged_in(", ".join(RFC_7616)).challenge.algorithm == "SHA-256"
    assert logged_in('Basic realm="x"', RFC_7616[1]).challenge.scheme == "digest"
    assert logged_in('Negotiate abc==, Digest nonce="n", algorithm=SHA-3, Basic realm="a, b"').challenge == (
        login.Challenge("basic", {"realm": "a, b"})
    )


def test_hashed_user_names_with_sha_512_256() -> None:
    """RFC 7616 §3.9.2; its own response is known to be wrong (erratum 4897), so the value is computed by hand."""
    header = (
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, charset=UTF-8, userhash=true,'
        ' nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS"'
    )
    value, _ = authorization(logged_in(header, name="Jäsøn Doe", password="Secret, or not?"), GET, "cnonce")

    def h(text: str) -> str:
        return hashlib.new("sha512_256", text.encode()).hexdigest()

    nonce = "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK"
    secret = h("Jäsøn Doe:api@example.org:Secret, or not?")
    proof = h(f"{secret}:{nonce}:00000001:cnonce:auth:{h('GET:/dir/index.html')}")
    assert f'username="{h("Jäsøn Doe:api@example.org")}", userhash=true' in value
    assert f'response="{proof}"' in value


def test_names_that_are_not_ascii_are_escaped() -> None:
    value, _ = authorization(logged_in('Digest realm="r", nonce="n"', name="Jäsøn"), GET, "c")
    assert "username*=UTF-8''J%C3%A4s%C3%B8n" in value


def test_without_qop_as_in_rfc_2069() -> None:
    value, _ = authorization(logged_in('Digest realm="r", nonce="n"', name="u", password="p"), GET)

    def h(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    assert f'response="{h(h("u:r:p") + ":n:" + h("GET:/dir/index.html"))}"' in value
    assert "qop" not in value
    assert "cnonce" not in value


def test_sessions_and_bodies() -> None:
    header = 'Digest realm="r", nonce="n", qop="auth-int", algorithm=MD5-sess'
    value, _ = authorization(logged_in(header, name="u", password="p"), Exchange("POST", "/x", b"B=1"), "c")

    def h(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    secret = h(h("u:r:p") + ":n:c")
    asked = h(f"POST:/x:{h('B=1')}")
    assert f'response="{h(f"{secret}:n:00000001:c:auth-int:{asked}")}"' in value
    assert "algorithm=MD5-sess" in value


def test_a_nonce_is_counted() -> None:
    value, once = authorization(logged_in(RFC_7616[0]), GET)
    again, _ = authorization(once, GET)
    assert ("nc=00000001" in value, "nc=00000002" in again) == (True, True)


def test_only_a_new_nonce_is_news() -> None:
    known = logged_in('Digest realm="r", nonce="old"')
    assert is_news(known, ['Digest realm="r", nonce="new", stale=true'])
    assert not is_news(known, ['Digest realm="r", nonce="old"'])
    assert not is_news(known, ['Basic realm="r"'])
    assert not is_news(logged_in('Basic realm="r"'), ['Basic realm="r"'])


def test_basic() -> None:
    assert authorization(logged_in("BASIC", name="üser", password="p:w"), GET)[0] == "Basic w7xzZXI6cDp3"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Digest realm=x", 'Digest nonce="n", qop="other"', '"', "=,=,"]
)
def test_what_cannot_be_answered(header: str) -> None:
    assert answered(HERE, ("u", "p"), [header]) is None


def test_a_login_shows_no_password() -> None:
    assert "Circle" not in repr(logged_in(*RFC_7616))


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=3))
def test_nonsense_is_passed_over(headers: list[str]) -> None:
    challenges(headers)
    answered(HERE, ("u", "p"), headers)
