"""Requests without an SDK: addresses of Twilio's API in sources and shell scripts, curl lines above all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final
from urllib.parse import parse_qsl

from localloop.contract import load
from localloop.core.errors import ApiError
from localloop.intercept.survey.use import Call, Place, Use, wire_names
from localloop.rest.routing import Router, operation_of

_ADDRESS: Final = re.compile(
    r"https?://([a-z][a-z-]*(?:\.[a-z0-9-]+){0,2}\.twilio\.com)(/[^\s\"'`<>\\)]*)"
    r"|(?<![\w.}])(?:\$\{?\w+\}?|\{\w+\}|https?://(?:localhost|127\.0\.0\.1)(?::\d+)?)?(/2010-04-01/Accounts[^\s\"'`<>\\)]*)"
)
# What stands for a value in an address: shell, JavaScript, Ruby, Python, format strings.
_VALUE: Final = re.compile(r"\$\{[^}]*\}|#\{[^}]*\}|\{[^}]*\}|\$\([^)]*\)|\$\w+|%[sd]|<[^>]*>|:\w+(?=/|$)")
_JOINED: Final = re.compile(r"[\"'`]\s*(?:\+|\.)\s*[\w.$\[\]>\-]+\s*(?:\+|\.)\s*[\"'`]")
_CURL: Final = re.compile(r"\bcurl\b(?:[^\n\\]|\\\n|\\.)*")
_SENDS: Final = re.compile(r"(?:^|\s)(?:-d|-F|--data\S*|--form\S*)[\s=]+(?:\"([^\"]*)\"|'([^']*)'|(\S+))")
_METHOD: Final = re.compile(r"(?:-X|--request)[\s=]*[\"']?([A-Z]+)")
_GETS: Final = re.compile(r"(?:^|\s)(?:-G|--get)\b")
_POSTS: Final = re.compile(
    r"\.post\b|post\s*\(|['\"]POST['\"]|HTTP::Post|CURLOPT_POST|HttpPost|PostAsync|HttpMethod\.Post|MethodPost",
    re.IGNORECASE,
)
_DELETES: Final = re.compile(r"\.delete\s*\(|['\"]DELETE['\"]|HttpDelete|DeleteAsync")
_KEYS: Final = re.compile(r"[\"'](\w+)[\"']\s*(?::|=>|,|=)|\b([A-Z]\w+)\s*[:=]")
_NEAR_BEFORE: Final = 120
_NEAR_AFTER: Final = 500


def uses(file: str, text: str) -> Iterator[Use]:
    """Each address with the method and the parameters that stand around it."""
    if "twilio.com" not in text and "/2010-04-01/" not in text:
        return
    joined = _JOINED.sub("X", text)
    curls = [(found.start(), found.end(), found[0]) for found in _CURL.finditer(joined)]
    for found in _ADDRESS.finditer(joined):
        host, path = found[1] or "api.twilio.com", found[2] or found[3]
        curl = next((line for start, end, line in curls if start <= found.start() < end), None)
        method, given = _curl(curl) if curl else _code(joined, found.start(), found.end())
        target, _, query = path.partition("?")
        given = [*given, *(name for name, _ in parse_qsl(query, keep_blank_values=True))]
        place = Place(file, _line(text, joined, found.start()))
        yield from _call(host, _VALUE.sub("X", target).rstrip(".,;"), method, given, place)


def _call(host: str, path: str, method: str, given: list[str], place: Place) -> Iterator[Use]:
    try:
        match = _router().match(_router().place(host), path)
        operation = operation_of(match, method)
    except ApiError:
        return  # documentation, media, another API: nothing that is asked for here
    yield Call(operation, wire_names(operation, given), place)


def _curl(line: str) -> tuple[str, list[str]]:
    sent = [next(group for group in found.groups() if group is not None) for found in _SENDS.finditer(line)]
    names = [part.partition("=")[0] for each in sent for part in each.split("&")]
    named = _METHOD.search(line)
    method = named[1] if named else "POST" if sent and not _GETS.search(line) else "GET"
    return method, names


def _code(text: str, start: int, end: int) -> tuple[str, list[str]]:
    before, after = text[max(0, start - _NEAR_BEFORE) : start], text[end : end + _NEAR_AFTER]
    near = before[before.rfind(";") + 1 :] + after.partition("\n\n")[0]
    method = "POST" if _POSTS.search(near) else "DELETE" if _DELETES.search(near) else "GET"
    return method, [quoted or bare for quoted, bare in _KEYS.findall(after)]


def _line(text: str, joined: str, at: int) -> int:
    """Joining keeps lines, unless a string was joined over several."""
    return min(joined.count("\n", 0, at), text.count("\n")) + 1


@cache
def _router() -> Router:
    return Router(load().apis)
