"""Logging in to an application: Basic (RFC 7617) and Digest (RFC 7616, RFC 2069) from the user info of a URL.

As Twilio documents it, the first request goes without credentials; what the application answers it with (401) says
how to log in, and from then on one is logged in for the length of the call or conversation. aiohttp's own digest
reads only the first challenge of an answer and keeps its nonce in an object that a call could not hand on.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from localloop.webhooks.target import Target

Origin: TypeAlias = tuple[str, str, int]

_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_PART: Final = re.compile(rf"(?:{_QUOTED}|[^,\"])+")
_PARAMETER: Final = re.compile(rf"({_WORD})\s*=\s*({_QUOTED}|{_WORD})\s*")
_SCHEME: Final = re.compile(rf"({_WORD})(?:\s+(.*))?", re.DOTALL)
_HASHES: Final[dict[str, Callable[[bytes], str]]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data).hexdigest(),
}


class Challenge(Struct, frozen=True):
    """One way to log in that an answer offers."""

    scheme: str  # lower case
    params: dict[str, str]  # names in lower case

    @property
    def algorithm(self) -> str:
        return self.params.get("algorithm", "MD5").upper().removesuffix("-SESS")

    @property
    def is_usable(self) -> bool:
        if self.scheme == "basic":
            return True
        if self.scheme != "digest" or "nonce" not in self.params or self.algorithm not in _HASHES:
            return False
        return "qop" not in self.params or bool(_qop(self))


class Login(Struct, frozen=True):
    """Where one is logged in, and how. It holds a password: it is kept in memory, and neither stored nor shown."""

    origin: Origin
    credentials: tuple[str, str]
    challenge: Challenge
    requests: int = 0  # made with this challenge's nonce

    def __repr__(self) -> str:
        return f"Login({self.origin}, {self.challenge.scheme})"


class Exchange(Struct, frozen=True):
    """What a request says that a Digest covers."""

    method: str
    uri: str
    body: bytes


def answered(target: Target, credentials: tuple[str, str], headers: Iterable[str]) -> Login | None:
    """The login that these `WWW-Authenticate` ask for, Digest before Basic; None when there is none that we know."""
    usable = [challenge for challenge in challenges(headers) if challenge.is_usable]
    usable.sort(key=lambda challenge: challenge.scheme == "basic")
    return Login(target.origin, credentials, usable[0]) if usable else None


def is_news(login: Login, headers: Iterable[str]) -> bool:
    """Whether a refusal of this login is only about a nonce that is too old."""
    nonces = {challenge.params.get("nonce") for challenge in challenges(headers)}
    return (
        login.challenge.scheme == "digest" and login.challenge.params["nonce"] not in nonces and any(nonces)
    )


def authorization(login: Login, exchange: Exchange, cnonce: str = "") -> tuple[str, Login]:
    """The value of `Authorization`, and the login as it is after this request."""
    after = replace(login, requests=login.requests + 1)
    if login.challenge.scheme == "basic":
        return "Basic " + base64.b64encode(":".join(login.credentials).encode()).decode(), after
    return _digest(after, exchange, cnonce or secrets.token_hex(16)), after


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """All challenges of an answer, whether several to a header or not; what cannot be read is passed over."""
    found: list[Challenge] = []
    for part in (part.strip() for header in headers for part in _PART.findall(header)):
        if parameter := _PARAMETER.fullmatch(part):
            if found:
                found[-1].params.setdefault(parameter[1].lower(), _unquoted(parameter[2]))
        elif scheme := _SCHEME.fullmatch(part):
            first = _PARAMETER.fullmatch(scheme[2] or "")
            params = {first[1].lower(): _unquoted(first[2])} if first else {}
            found.append(Challenge(scheme[1].lower(), params))
    return found


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _digest(login: Login, exchange: Exchange, cnonce: str) -> str:
    challenge = login.challenge
    username, password = login.credentials
    realm, nonce = challenge.params.get("realm", ""), challenge.params["nonce"]
    qop, count = _qop(challenge), f"{login.requests:08x}"

    def digest(*texts: str) -> str:
        return _HASHES[challenge.algorithm](":".join(texts).encode())

    secret = digest(username, realm, password)
    if challenge.params.get("algorithm", "").upper().endswith("-SESS"):
        secret = digest(secret, nonce, cnonce)
    asked = [exchange.method, exchange.uri]
    if qop == "auth-int":
        asked.append(_HASHES[challenge.algorithm](exchange.body))
    proof = [secret, nonce, *((count, cnonce, qop) if qop else ()), digest(*asked)]
    said = {
        **_named(challenge, username, digest(username, realm)),
        "realm": _quoted(realm),
        "uri": _quoted(exchange.uri),
        "nonce": _quoted(nonce),
        "response": _quoted(digest(*proof)),
    }
    for name in ("algorithm", "opaque"):
        if name in challenge.params:
            value = challenge.params[name]
            said[name] = value if name == "algorithm" else _quoted(value)
    if qop:
        said |= {"qop": qop, "nc": count, "cnonce": _quoted(cnonce)}
    return "Digest " + ", ".join(f"{name}={value}" for name, value in said.items())


def _named(challenge: Challenge, username: str, hashed: str) -> dict[str, str]:
    """Who logs in: in the clear, hashed where that is asked for, or escaped where it is not ASCII (RFC 7616 §3.4)."""
    if challenge.params.get("userhash", "").lower() == "true":
        return {"username": _quoted(hashed), "userhash": "true"}
    if username.isascii():
        return {"username": _quoted(username)}
    return {"username*": f"UTF-8''{quote(username, safe='')}"}


def _qop(challenge: Challenge) -> str:
    offered = [each.strip().lower() for each in challenge.params.get("qop", "").split(",")]
    return next((each for each in ("auth", "auth-int") if each in offered), "")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
