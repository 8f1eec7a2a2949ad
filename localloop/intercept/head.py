"""What a proxy is asked, read strictly: RFC 9112 §3.2 authority-form (CONNECT) and absolute-form, nothing else."""

from __future__ import annotations

import re
from http import HTTPStatus
from ipaddress import IPv6Address
from typing import Final, Literal

from msgspec import Struct

MAX_HEAD: Final = 64 * 1024
_REQUEST_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e]+) HTTP/1\.([01])")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_ABSOLUTE: Final = re.compile(r"(https?)://([^/?#]*)(/[^#]*|\?[^#]*)?", re.IGNORECASE)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# They concern one connection, not the request (RFC 9110 §7.6.1); the framing goes on as it is.
_HOP_BY_HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate"}
)

Fields = list[tuple[bytes, bytes]]


class Refused(Exception):
    """What the client is told, before its connection is closed."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Asked(Struct, frozen=True):
    """One request to the proxy. `path` is empty for CONNECT."""

    method: bytes
    scheme: Literal["connect", "http", "https"]
    host: str  # in lower case, without brackets or a trailing dot
    port: int
    path: bytes
    fields: Fields

    @property
    def authority(self) -> str:
        """As a `Host` header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def values(self, name: bytes) -> list[bytes]:
        return [value for field, value in self.fields if field.lower() == name]


def parse(head: bytes) -> Asked:
    """The head of a request, without the empty line that ends it. Raises Refused."""
    first, *lines = head.split(b"\r\n")
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        raise Refused(400, "That is no HTTP/1.1 request.")
    method, target = line[1], line[2].decode("ascii")
    fields = _fields(lines)
    if method == b"CONNECT":
        host, port = _authority(target, None)
        return Asked(method, "connect", host, port, b"", fields)
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise Refused(400, "This is localloop's proxy: HTTPS_PROXY names it, and the API is at another port.")
    scheme: Literal["http", "https"] = "https" if absolute[1].lower() == "https" else "http"
    host, port = _authority(absolute[2], _DEFAULT_PORTS[scheme])
    path = absolute[3] or "/"
    return Asked(method, scheme, host, port, (path if path[0] == "/" else f"/{path}").encode("ascii"), fields)


def _fields(lines: list[bytes]) -> Fields:
    fields = []
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise Refused(400, "A header of the request is malformed.")
        fields.append((field[1], field[2].rstrip(b" \t")))
    return fields


def _authority(text: str, default_port: int | None) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(text)
    port = int(found[2]) if found and found[2] else default_port
    if found is None or port is None or not 0 < port < 65_536:
        raise Refused(400, "The request names no host and port.")
    host = found[1].lower()
    if host.startswith("["):
        try:
            return str(IPv6Address(host[1:-1])), port
        except ValueError:
            raise Refused(400, "The request names no host and port.") from None
    return host.removesuffix("."), port


def passed_on(asked: Asked, *, via: bytes, to_proxy: str | None = None) -> bytes:
    """The head as it leaves for the origin, or for another proxy with its credentials ("" = none).

    One request for a connection: the next one of this client may be for another host.
    """
    named = {
        name.strip().lower()
        for value in asked.values(b"connection")
        for name in value.split(b",")
        if name.strip()
    }
    upgrades = b"upgrade" in named and asked.values(b"upgrade") != []
    dropped = (_HOP_BY_HOP | named | {b"host"}) - ({b"upgrade"} if upgrades else set())
    target = asked.path
    if to_proxy is not None:
        target = f"{asked.scheme}://{asked.authority}".encode() + asked.path
    lines = [b"%b %b HTTP/1.1" % (asked.method, target), b"Host: " + asked.authority.encode()]
    lines += [b"%b: %b" % field for field in asked.fields if field[0].lower() not in dropped]
    if to_proxy:
        lines.append(b"Proxy-Authorization: " + to_proxy.encode())
    if via:
        lines.append(b"Via: " + via)
    lines.append(b"Connection: upgrade" if upgrades else b"Connection: close")
    return b"\r\n".join([*lines, b"", b""])


def closing(head: bytes) -> bytes:
    """An answer's head (with its empty line), saying that the connection ends with it; an upgrade's stays."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if first.split(b" ")[1:2] == [b"101"]:
        return head
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in _HOP_BY_HOP]
    return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def refusal(status: int, text: str) -> bytes:
    body = f"localloop: {text}\n".encode()
    head = b"HTTP/1.1 %d %b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
    reason = HTTPStatus(status).phrase.encode()
    return head % (status, reason, len(body)) + b"Connection: close\r\n\r\n" + body
