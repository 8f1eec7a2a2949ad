"""What a request is once the engine has read it, and what an operation may answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from localloop.contract.model import Api, Operation, Path, Resource
from localloop.store.answers import KeptAnswer

CredentialKind = Literal["account", "main-key", "standard-key", "restricted-key", "bearer", "test"]


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks: the account that the credentials belong to."""

    account_sid: str
    world_sid: str
    status: str = "active"  # of the account: active | suspended | closed
    credential: CredentialKind = "account"
    authenticated_sid: str = ""  # the parent whose credentials these are, when it acts on a subaccount
    key_sid: str | None = None
    policy: frozenset[str] | None = None  # restricted key: the permissions that it holds
    region: str = "us1"


class PageRequest(Struct, frozen=True, kw_only=True):
    """The slice of a list that is asked for. `after` and `before` are the cursor of a row, exclusive."""

    size: int = 50
    number: int = 0
    after: str | None = None
    before: str | None = None


class UrlForm(Struct, frozen=True, kw_only=True):
    """How addresses in an answer are written: `{scheme}://{authority}{prefix}` before an API path.

    The form follows the request (`http://127.0.0.1:4010/verify`, `https://verify.twilio.com`), so that following
    a page's link never leaves for the real host.
    """

    scheme: str
    authority: str
    by_host: bool  # the product was named by the host, so paths carry no product prefix

    def base(self, product: str) -> str:
        if self.by_host:
            labels = self.authority.partition(".")
            return f"{self.scheme}://{product}.{labels[2]}"
        prefix = "" if product == "api" else f"/{product}"
        return f"{self.scheme}://{self.authority}{prefix}"


class Once(Protocol):
    """The idempotency key that a request came with."""

    def kept(self, item: Item) -> KeptAnswer:
        """The row that keeps this answer, to be written with the work."""
        ...


class Request(Struct, kw_only=True):
    """One decoded request. `account_sid` is the account acted upon: the path's, else the caller's."""

    sid: str
    api: Api
    resource: Resource
    path: Path
    operation: Operation
    caller: Caller
    account_sid: str
    world_sid: str
    ids: Mapping[str, str]  # path parameters, the 2010 AccountSid included
    params: dict[str, Any]  # decoded parameters by wire name: only those that were sent
    now: datetime  # the world's time on arrival
    urls: UrlForm
    address: str = ""  # the path as it came, below the product's prefix
    query: str = ""  # as it came
    suffix: str = ""  # the 2010 representation asked for: "", ".json", ".xml", ".csv"
    page: PageRequest | None = None
    if_match: str | None = None
    headers: Mapping[str, str] = {}  # lower-case names
    once: Once | None = None  # whoever does the work in one transaction keeps the answer in it


class Item(Struct, frozen=True, kw_only=True):
    """One record. `fields` holds Python values by response field name; the engine renders and fills the rest."""

    fields: Mapping[str, Any]
    status: int | None = None  # None: the operation's own
    version: int | None = None  # the ETag, where the operation has one
    headers: Mapping[str, str] = {}


class Items(Struct, frozen=True, kw_only=True):
    """One page of records, in order. Cursors default to the rows' ids."""

    items: Sequence[Mapping[str, Any]]
    more: bool = False  # rows follow this page
    earlier: bool = False  # rows precede this page
    first_cursor: str | None = None
    last_cursor: str | None = None


class Deleted(Struct, frozen=True):
    """204, without a body."""


class Raw(Struct, frozen=True, kw_only=True):
    """Bytes that are not a record: media content, a redirect, a token answer."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Stream(Struct, frozen=True, kw_only=True):
    """What comes is sent on for as long as the client stays. While it is, it takes no place of its account."""

    content_type: str
    chunks: AsyncIterator[bytes]
    headers: Mapping[str, str] = {}
    status: int = 200


Answer: TypeAlias = Item | Items | Deleted | Raw | Stream
Operate: TypeAlias = Callable[[Request], Awaitable[Answer]]
Exists: TypeAlias = Callable[[str, str], Awaitable[bool]]  # (account_sid, id) -> whether it exists


class Binding(Struct, frozen=True, kw_only=True):
    """Behaviour bound to a contract resource, operation by operation (`CreateMessage`, without the API prefix).

    `record` is the typed record whose fields must agree with the contract. `exists` answers for child resources that
    need to know whether a parent of this kind exists. Operations that are not named stay plain.
    """

    resource: str
    operations: Mapping[str, Operate]
    record: type[Struct] | None = None
    exists: Exists | None = None
    aliases: Mapping[str, str] = {}  # response field name -> record attribute, where they must differ
    errors: Mapping[
        str, Callable[[str], Exception]
    ] = {}  # parameter -> the error of a missing or malformed value
    alone: frozenset[str] = frozenset()  # operations that hold the whole world while they work
    keeps: frozenset[str] = frozenset()  # operations that write `Request.once` with their work
    public: frozenset[str] = frozenset()  # bytes that whoever knows their address may fetch, unauthenticated
