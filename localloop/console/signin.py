"""Signing in: an account's SID and token, or a user's name and password. Guessing is slowed down."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from localloop.console import sessions
from localloop.console.passwords import Users
from localloop.core import errors, sids
from localloop.core.errors import ApiError
from localloop.rest.request import Caller
from localloop.rest.throttle import Throttle
from localloop.rest.wire import Head, read_body
from localloop.store import Database

_KNOWN = "select exists (select from accounts where sid = $1)"


class Prover(Protocol):
    async def basic(self, username: str, password: str, path_account_sid: str | None) -> Caller | None: ...

    async def signing_token(self, account_sid: str) -> str | None: ...


class SignIn:
    def __init__(self, database: Database, accounts: Prover) -> None:
        self._database = database
        self._accounts = accounts
        self._users = Users(database)
        self._failures = Throttle()
        self._attempts = Throttle()

    async def open(self, request: Request) -> str:
        """The id of a new session for what the body proves; ApiError 401, or 429 after too many."""
        given = await _body(request)
        if "name" in given:
            account_sid = await self._by_password(request, given)
            async with self._database.unit() as unit:
                return await sessions.open_session(unit, account_sid, user_name=_text(given, "name"))
        account_sid = await self._by_token(request, _text(given, "account_sid"), _text(given, "auth_token"))
        token = await self._accounts.signing_token(account_sid)
        async with self._database.unit() as unit:
            return await sessions.open_session(unit, account_sid, auth_token=token)

    async def by_header(self, request: Request) -> str:
        """The account that Basic credentials prove, as at the API."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, secret = b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise errors.authenticate() from None
        if scheme.lower() != "basic":
            raise errors.authenticate()
        return await self._by_token(request, name, secret)

    async def add_user(self, request: Request, account_sid: str) -> str:
        given = await _body(request)
        name = _text(given, "name")
        await self._users.keep(account_sid, name, _text(given, "password"))
        return name

    async def _by_token(self, request: Request, account_sid: str, token: str) -> str:
        """A mistyped SID is refused: only the API takes in names that nobody has used."""
        caller = None
        if sids.is_sid(account_sid, "AC") and await self._database.fetchval(_KNOWN, account_sid):
            caller = await self._accounts.basic(account_sid, token, None)
        if caller is None or caller.credential != "account" or caller.status == "closed":
            self._failures.note(_address(request), account_sid[:48])
            raise errors.authenticate()
        return caller.account_sid

    async def _by_password(self, request: Request, given: Mapping[str, Any]) -> str:
        """Every attempt counts, before any work: a password is short, and checking one is expensive."""
        name = _text(given, "name")
        self._attempts.note(_address(request), name[:64])
        account_sid = await self._users.account_of(name, _text(given, "password"))
        if account_sid is None:
            raise errors.authenticate()
        return account_sid


async def _body(request: Request) -> dict[str, Any]:
    """An object from JSON, or the fields of a form."""
    raw = await read_body(Head(request.scope), request.receive)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(raw.decode(), keep_blank_values=True))
        given = orjson.loads(raw) if kind == "application/json" else None
    except (orjson.JSONDecodeError, UnicodeDecodeError, ValueError):
        given = None
    if not isinstance(given, dict):
        raise ApiError(400, 20001, "The body is no JSON object.")
    return given


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or "\0" in value:
        raise errors.missing_parameter(name)
    return value


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
