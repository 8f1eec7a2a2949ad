"""Seed files: what a localloop starts with, in TOML. Read and checked; nothing is done here.

    [[numbers]]
    phone_number = "+15550001111"
    sms_url = "http://127.0.0.1:5000/sms"

    [[services]]
    friendly_name = "Alerts"
    numbers = ["+15550001111"]

    [[phones]]
    number = "+15551230001"
    delay = "2s"

    [webhooks]
    retries = "extended"

What stands at the top is the first account's. Further accounts have the same below them: `[[accounts]]` with `sid` and
`auth_token`, `[[accounts.numbers]]` and so on. Keys are the parameters of Twilio's API as its Python package writes
them, and those of the lab.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, get_args

from msgspec import Struct

from localloop import contract
from localloop.contract.model import Operation, Resource
from localloop.core import sids
from localloop.core.settings import Profile
from localloop.lab import durations
from localloop.lab.surface import API

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*=""")
_LISTS: Final = ("numbers", "services", "phones")
_OF_ACCOUNT: Final = ("sid", "auth_token", "friendly_name", "profile", *_LISTS, "webhooks")
_SECRET: Final = re.compile(r"[!-9;-~]{1,128}")  # what HTTP can carry as a password

Path = tuple[str | int, ...]


class SeedError(Exception):
    """The file is no seed file; the text says where and why."""


class Sown(Struct, frozen=True):
    """One thing to be there: its name, the parameters of the API that it is made with, and where it stands. `others`
    are keys that no parameter has."""

    name: str
    params: Mapping[str, Any]
    line: int
    others: Mapping[str, Any] = {}


class Account(Struct, frozen=True, kw_only=True):
    """What one world starts with. Without a SID it is the first account."""

    sid: str = ""
    auth_token: str = ""
    friendly_name: str = ""
    profile: str = ""
    numbers: Sequence[Sown] = ()
    services: Sequence[Sown] = ()
    phones: Sequence[Sown] = ()
    webhooks: Sown | None = None


class Section(Struct, frozen=True):
    """A kind of tables: the key that names one, the operation whose parameters they have, and keys of our own."""

    name: str
    operation: str
    others: tuple[str, ...] = ()


_SECTIONS: Final[Mapping[str, Section]] = {
    "numbers": Section("phone_number", "api.v2010.CreateIncomingPhoneNumber"),
    "services": Section("friendly_name", "messaging.v1.CreateService", ("numbers",)),
    "phones": Section("number", "lab.v1.UpdatePhone"),
    "webhooks": Section("", "lab.v1.UpdateWebhookSettings"),
}


def read(text: str) -> list[Account]:
    """The accounts of a file, the first one first. Raises SeedError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SeedError(f"it is not TOML: {error}") from None
    reader = _Reader(_lines(text))
    reader.demand(document, ("accounts", *_LISTS, "webhooks"), ())
    first = {key: value for key, value in document.items() if key != "accounts"}
    accounts = [reader.account(first, ())] if first else []
    for place, given in enumerate(reader.tables(document.get("accounts", []), ("accounts",))):
        accounts.append(reader.account(given, ("accounts", place)))
    named = [account.sid for account in accounts]
    twice = next((sid for sid in named if named.count(sid) > 1), None)
    if twice is not None:
        raise SeedError(
            f"the account {twice} is there twice"
            if twice
            else "of [[accounts]] without a sid there may be one, and none beside tables at the top"
        )
    return accounts


class _Reader:
    def __init__(self, lines: Mapping[Path, int]) -> None:
        self._lines = lines

    def account(self, given: Mapping[str, Any], path: Path) -> Account:
        self.demand(given, _OF_ACCOUNT if path else (*_LISTS, "webhooks"), path)
        sid, auth_token, name, profile = (self._text(given, key, path) for key in _OF_ACCOUNT[:4])
        if sid and not sids.is_sid(sid, "AC"):
            raise self.wrong((*path, "sid"), "it is no account SID: AC and 32 hex digits")
        if auth_token and not _SECRET.fullmatch(auth_token):
            raise self.wrong((*path, "auth_token"), "it has characters that no password may have")
        if profile and profile not in get_args(Profile):
            raise self.wrong((*path, "profile"), f"it must be one of {', '.join(get_args(Profile))}")
        found = {each: self._listed(given.get(each, []), each, path) for each in _LISTS}
        self._check_pools(found, path)
        webhooks = given.get("webhooks")
        return Account(
            sid=sid,
            auth_token=auth_token,
            friendly_name=name,
            profile=profile,
            numbers=found["numbers"],
            services=found["services"],
            phones=found["phones"],
            webhooks=self._sown(webhooks, "webhooks", (*path, "webhooks")) if webhooks is not None else None,
        )

    def demand(self, given: Mapping[str, Any], known: Sequence[str], path: Path) -> None:
        """Every key is a known one."""
        for key in given:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known))}"
                raise self.wrong((*path, key), f"unknown; {hint}", key=key)

    def tables(self, given: Any, path: Path) -> Sequence[Mapping[str, Any]]:
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise self.wrong(path, f"it is a list of tables: [[{'.'.join(map(str, path))}]]")
        return given

    def wrong(self, path: Path, reason: str, key: str = "") -> SeedError:
        return SeedError(f"line {self._line(path)}: {key or _named(path)}: {reason}")

    def _listed(self, given: Any, section: str, path: Path) -> Sequence[Sown]:
        tables = self.tables(given, (*path, section))
        found = [self._sown(each, section, (*path, section, place)) for place, each in enumerate(tables)]
        names = [each.name for each in found]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise self.wrong((*path, section, place), f"{name} is there twice")
        return found

    def _sown(self, given: Any, section: str, path: Path) -> Sown:
        if not isinstance(given, dict):
            raise self.wrong(path, f"it is a table: [{section}]")
        kind, params = _SECTIONS[section], _params(_SECTIONS[section].operation)
        self.demand(given, [*params, kind.name, *kind.others] if kind.name else [*params], path)
        name = self._text(given, kind.name, path) if kind.name else ""
        if kind.name and not name:
            raise self.wrong(path, f"it has no {kind.name}")
        chosen = {
            params[key]: self._value(value, key, (*path, key))
            for key, value in given.items()
            if key in params
        }
        others = {key: value for key, value in given.items() if key in kind.others}
        return Sown(name, chosen, self._line(path), others)

    def _check_pools(self, found: Mapping[str, Sequence[Sown]], path: Path) -> None:
        """A service's numbers are of its own account, and in no other pool."""
        own = {each.name for each in found["numbers"]}
        pooled: set[str] = set()
        for place, service in enumerate(found["services"]):
            at = (*path, "services", place, "numbers")
            numbers = service.others.get("numbers", [])
            if not isinstance(numbers, list) or not all(isinstance(each, str) for each in numbers):
                raise self.wrong(at, "it is a list of phone numbers")
            for number in numbers:
                if number not in own:
                    raise self.wrong(at, f"{number} is none of the account's [[numbers]]")
                if number in pooled:
                    raise self.wrong(at, f"{number} is in two services")
                pooled.add(number)

    def _value(self, value: Any, key: str, path: Path) -> Any:
        if isinstance(value, list) and any(isinstance(each, dict) for each in value):
            return json.dumps(value)
        if key.endswith("delay") and isinstance(value, str):
            try:
                return durations.parse(value) // timedelta(milliseconds=1)
            except ValueError as error:
                raise self.wrong(path, str(error)) from None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float | list):
            return value
        raise self.wrong(path, "it is a text, a number, true, false or a list")

    def _text(self, given: Mapping[str, Any], key: str, path: Path) -> str:
        value = given.get(key, "")
        if not isinstance(value, str):
            raise self.wrong((*path, key), "it is a text")
        return value

    def _line(self, path: Path) -> int:
        """Of a list of tables that of its first, and of what is not seen that of what it is in."""
        while path and path not in self._lines and (*path, 0) not in self._lines:
            path = path[:-1]
        return self._lines.get(path) or self._lines.get((*path, 0), 1)


def _params(operation_id: str) -> Mapping[str, str]:
    """Parameters of an operation, by the names that Python gives them."""
    operation = next(each for each in _operations() if each.id == operation_id)
    return {_snake(param.name): param.name for param in operation.params if param.location == "body"}


def _operations() -> Iterator[Operation]:
    known = contract.load()
    resources: list[Resource] = [
        known.resource("api.v2010.IncomingPhoneNumber"),
        known.resource("messaging.v1.Service"),
        *API.resources,
    ]
    for resource in resources:
        for path in resource.paths:
            yield from path.operations


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _named(path: Path) -> str:
    return "".join(f"[{each + 1}]" if isinstance(each, int) else f".{each}" for each in path).lstrip(".")


def _lines(text: str) -> Mapping[Path, int]:
    """Where each table and key stands. What spans lines is seen by its first."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    here: Path = ()
    quoted = ""
    for number, line in enumerate(text.splitlines(), 1):
        opened, quoted = quoted, _still_quoted(line, quoted)
        if opened:
            continue
        header = _HEADER.match(line)
        if header is not None:
            here = _at([part.strip(" \"'") for part in header[2].split(".")], header[1] == "[[", counts)
            found.setdefault(here, number)
        elif key := _KEY.match(line):
            found.setdefault((*here, key[1] or key[2] or key[3]), number)
    return found


def _at(names: Sequence[str], is_listed: bool, counts: dict[Path, int]) -> Path:
    """The path of a table; a list of tables means its last one, or begins another."""
    path: Path = ()
    for place, name in enumerate(names):
        path = (*path, name)
        if is_listed and place == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _still_quoted(line: str, quoted: str) -> str:
    """Whether a text of several lines goes on after this one, and by which marks."""
    for marks in ('"""', "'''"):
        if (not quoted or quoted == marks) and line.count(marks) % 2:
            return "" if quoted else marks
    return quoted
