"""The engine as it is served, with the products that have tables of their own, called in-process through ASGI."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from localloop.contract import load
from localloop.core.settings import Seed
from localloop.products import accounts, numbers
from localloop.products.accounts import AccountCredentials, Vault, permission_for
from localloop.rest import limits
from localloop.rest.admission import Admission, LocalCounts
from localloop.rest.app import App, Engine, PlainMode
from localloop.rest.authenticate import Authenticator
from localloop.rest.guard import Backstage, FrontDoor
from localloop.rest.operations import Table, existence
from localloop.rest.plain import Plain
from localloop.rest.routing import Router
from localloop.rest.shared import LocalRevocations
from localloop.rest.throttle import Throttle
from localloop.store import Database
from localloop.store.plain import PlainStore
from localloop.store.sealing import Sealer

HOST = "127.0.0.1:4010"
OPEN = Backstage()


class Reply(Struct, frozen=True):
    """One answer as it went over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """Asks an ASGI application as one account."""

    def __init__(self, app: App, account_sid: str, token: str) -> None:
        self._app = app
        self.account_sid = account_sid
        self._authorization = b"Basic " + b64encode(f"{account_sid}:{token}".encode())

    async def __call__(
        self,
        method: str,
        target: str,
        data: Mapping[str, Any] | bytes | None = None,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> Reply:
        path, _, query = target.partition("?")
        body, kind = _encoded(data, json)
        given = {"host": HOST, "content-type": kind, **(headers or {})}
        fields = [(name.lower().encode(), value.encode()) for name, value in given.items() if value]
        if "authorization" not in given:
            fields.append((b"authorization", self._authorization))
        if body:
            fields.append((b"content-length", str(len(body)).encode()))
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": fields,
            "client": (address, 1),
        }
        return await _exchange(self._app, scope, body)


async def _exchange(app: App, scope: dict[str, Any], body: bytes) -> Reply:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    names = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(sent[0]["status"], names, content)


def _encoded(data: Mapping[str, Any] | bytes | None, json: Any) -> tuple[bytes, str]:
    if json is not None:
        return orjson.dumps(json), "application/json"
    if isinstance(data, bytes):
        return data, "application/x-www-form-urlencoded"
    if data:
        return urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded"
    return b"", ""


@asynccontextmanager
async def served(
    database: Database, *, plain: PlainMode = "allow", backstage: Backstage = OPEN
) -> AsyncIterator[Client]:
    """The application on this database, and its first account as the client."""
    revocations = LocalRevocations()
    vault = Vault(database, Sealer({"00000001": AESGCM.generate_key(256)}), revocations)
    seeded = await accounts.seed(vault, Seed())
    store = PlainStore(database)
    engine = Plain(store, load())
    needs = numbers.Needs(database, numbers.Directory(database, revocations), engine, store)
    bindings = (*accounts.bindings(vault), *numbers.bindings(needs))
    engine.know(existence(bindings, lambda key: load().resource(key).kind))
    table = Table(engine, bindings)
    app = App(
        Engine(
            router=Router(load().apis),
            table=table,
            door=FrontDoor.of([]),
            authenticator=Authenticator(AccountCredentials(vault), permission_for),
            admission=Admission(LocalCounts(), limits.load()),
            failures=Throttle(spare_loopback=True),
            test_answers=lambda _: None,
            observe=lambda *_: None,
            plain=plain,
            backstage=backstage,
        )
    )
    try:
        yield Client(app, seeded.account_sid, seeded.auth_token)
    finally:
        await store.close()
