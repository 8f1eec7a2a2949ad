"""Snapshots over the lab's REST surface: the caller's world saved, restored, forked and set back; worlds for tests."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from msgspec import Struct

from localloop.core import e164, errors, sids
from localloop.core.errors import ApiError
from localloop.lab.shelf import Busy, Shelf, files
from localloop.lab.shelf.fresh import FreshWorlds, NoSuchWorld, Wish
from localloop.lab.shelf.loading import Transfer
from localloop.lab.shelf.moving import Forked
from localloop.lab.shelf.snapshot import NameTaken, NoSuchSnapshot, Snapshot
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Raw, Request

BUSY: Final = 20409  # our own code: another may be asked for later
_MAX_NUMBERS: Final = 100
_LOAD: Final = "WL"


class Snapshots(Struct, frozen=True):
    shelf: Shelf
    worlds: FreshWorlds
    transfer: Transfer
    profile: str  # of a world that says nothing else


def bindings(snapshots: Snapshots) -> tuple[Binding, ...]:
    def bound(name: str, alone: bool = True, **operations: Any) -> Binding:
        return Binding(
            resource=f"lab.v1.{name}",
            operations={key: partial(each, snapshots) for key, each in operations.items()},
            alone=frozenset(operations) if alone else frozenset(),
        )

    return (
        bound(
            "Snapshot",
            ListSnapshot=list_,
            CreateSnapshot=save,
            FetchSnapshot=fetch,
            DeleteSnapshot=delete,
        ),
        bound("SnapshotRestore", CreateSnapshotRestore=restore),
        bound("SnapshotFork", CreateSnapshotFork=fork),
        bound("SnapshotExport", FetchSnapshotExport=export),
        bound("World", FetchWorld=fetch_world),
        bound("WorldReset", CreateWorldReset=reset),
        bound("WorldFork", CreateWorldFork=fork),
        bound("WorldExport", FetchWorldExport=export),
        bound("WorldLoad", CreateWorldLoad=load),
        bound(
            "FreshWorld",
            ListFreshWorld=list_worlds,
            CreateFreshWorld=make,
            DeleteFreshWorld=delete_world,
        ),
    )


@asynccontextmanager
async def answered(request: Request) -> AsyncIterator[None]:
    """What may go wrong with a world, as the API tells it."""
    try:
        yield
    except Busy as busy:
        raise ApiError(409, BUSY, f"{busy} Try again when it has.") from None
    except NameTaken as taken:
        raise ApiError(409, BUSY, f"This world has a snapshot of the name {taken} already.") from None
    except (NoSuchSnapshot, NoSuchWorld):
        raise errors.not_found(request.address) from None
    except files.Unreadable as unreadable:
        raise errors.invalid_parameter("Content", str(unreadable)) from None


async def save(snapshots: Snapshots, request: Request) -> Item:
    """Raises 409 while something is under way, or when the name is taken."""
    name = request.params.get("UniqueName") or None
    if name is not None and sids.is_sid(name, "WS"):
        raise errors.invalid_parameter("UniqueName", "It must not look like a SID.")
    async with answered(request):
        return Item(fields=shown(await snapshots.shelf.save(request.world_sid, name)))


async def fetch(snapshots: Snapshots, request: Request) -> Item:
    async with answered(request):
        return Item(fields=shown(await snapshots.shelf.find(request.world_sid, request.ids["Sid"])))


async def list_(snapshots: Snapshots, request: Request) -> Items:
    page = request.page or PageRequest()
    found, more = await snapshots.shelf.page(request.world_sid, page)
    return _items([shown(each) for each in found], more, page)


async def delete(snapshots: Snapshots, request: Request) -> Deleted:
    async with answered(request):
        await snapshots.shelf.delete(request.world_sid, request.ids["Sid"])
    return Deleted()


async def restore(snapshots: Snapshots, request: Request) -> Item:
    async with answered(request):
        return Item(fields=shown(await snapshots.shelf.restore(request.world_sid, request.ids["Sid"])))


async def fork(snapshots: Snapshots, request: Request) -> Item:
    """A new world like a snapshot or, without one, like the caller's now; its secrets are told once, here."""
    async with answered(request):
        forked = await snapshots.shelf.fork(request.world_sid, request.ids.get("Sid"))
    main = forked.accounts[0]
    return Item(
        fields={
            "sid": main.sid,
            "account_sid": main.sid,
            "auth_token": main.secret,
            "profile": await _profile(snapshots, main.sid),
            **identities_of(forked),
            "date_created": request.now,
        }
    )


async def export(snapshots: Snapshots, request: Request) -> Raw:
    """A snapshot or, without one, the caller's world as a file."""
    named, secrets = request.ids.get("Sid"), bool(request.params.get("Secrets"))
    async with answered(request):
        lines = await snapshots.transfer.export(request.world_sid, named, secrets=secrets)
    body = await asyncio.to_thread(files.packed, lines)
    name = f'attachment; filename="{named or "world"}.localloop"'
    return Raw(headers={"Content-Type": "application/gzip", "Content-Disposition": name}, body=body)


async def load(snapshots: Snapshots, request: Request) -> Item:
    """A file in place of the caller's world. One that is too large for a request comes in parts: all but the last say
    `More`, all but the first the `LoadSid` that the first was answered with."""
    transfer, params = snapshots.transfer, request.params
    load_sid = params.get("LoadSid") or sids.new(_LOAD)
    content = _content(params["Content"])
    async with answered(request):
        if params.get("More"):
            await transfer.add_chunk(request.world_sid, load_sid, content)
            return Item(
                fields={"sid": load_sid, "load_sid": load_sid, "account_sid": request.world_sid}, status=202
            )
        before = await transfer.chunks(request.world_sid, load_sid) if params.get("LoadSid") else b""
        columns = await snapshots.shelf.columns()
        contents = await asyncio.to_thread(files.unpacked, before + content, columns)
        loaded = await transfer.load(request.world_sid, contents)
    return Item(
        fields={
            "sid": load_sid,
            "account_sid": request.world_sid,
            "resources": loaded.resources,
            **identities_of(loaded.forked),
        }
    )


def _content(sent: bytes | str) -> bytes:
    """The part of a multipart form as it is; in other forms it is Base64."""
    if isinstance(sent, bytes):
        return sent
    try:
        return b64decode(sent, validate=True)
    except ValueError:
        raise errors.invalid_parameter("Content", "It is neither a file nor Base64.") from None


async def reset(snapshots: Snapshots, request: Request) -> Item:
    async with answered(request):
        await snapshots.worlds.reset(request.world_sid)
    return await fetch_world(snapshots, request)


async def fetch_world(snapshots: Snapshots, request: Request) -> Item:
    return Item(
        fields={
            "sid": request.world_sid,
            "account_sid": request.world_sid,
            "profile": await _profile(snapshots, request.world_sid),
            "resources": await snapshots.shelf.count(request.world_sid),
            "date_created": request.now,
        }
    )


async def make(snapshots: Snapshots, request: Request) -> Item:
    """Raises 21401 for a number that is none, 400 for too many of them."""
    params = request.params
    numbers = [_number(each) for each in params.get("PhoneNumber") or ()]
    if len(numbers) > _MAX_NUMBERS:
        raise errors.invalid_parameter("PhoneNumber", f"A world starts with {_MAX_NUMBERS} numbers at most.")
    wish = Wish(
        account_sid=sids.new("AC"),
        auth_token=sids.new_secret(),
        friendly_name=params.get("FriendlyName") or "A test's world",
        profile=params.get("Profile") or snapshots.profile,
        numbers=tuple(dict.fromkeys(numbers)),
    )
    made_at = await snapshots.worlds.make(request.world_sid, wish)
    return Item(
        fields={
            "sid": wish.account_sid,
            "account_sid": wish.account_sid,
            "auth_token": wish.auth_token,
            "profile": wish.profile,
            "phone_numbers": list(wish.numbers),
            "date_created": made_at,
        }
    )


async def delete_world(snapshots: Snapshots, request: Request) -> Deleted:
    """Of worlds that were made by the lab; 404 for others."""
    async with answered(request):
        await snapshots.worlds.delete(request.world_sid, request.ids["Sid"])
    return Deleted()


async def list_worlds(snapshots: Snapshots, request: Request) -> Items:
    page = request.page or PageRequest()
    found, more = await snapshots.worlds.page(request.world_sid, page)
    rows = [
        {
            "sid": row["world_sid"],
            "account_sid": row["world_sid"],
            "profile": row["profile"],
            "date_created": row["date_created"],
        }
        for row in found
    ]
    return _items(rows, more, page)


def shown(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "sid": snapshot.sid,
        "account_sid": snapshot.world_sid,
        "unique_name": snapshot.name,
        "resources": snapshot.resources,
        "date_created": snapshot.date_created,
    }


def identities_of(forked: Forked) -> Mapping[str, Any]:
    """Who is who in a copy, with the secrets of each."""
    return {
        "accounts": [
            {"sid": each.sid, "auth_token": each.secret, "replaces": each.replaces}
            for each in forked.accounts
        ],
        "keys": [{"sid": each.sid, "secret": each.secret, "replaces": each.replaces} for each in forked.keys],
    }


async def _profile(snapshots: Snapshots, world_sid: str) -> str:
    sql = "select profile from worlds where world_sid = $1"
    return await snapshots.shelf.database.fetchval(sql, world_sid) or snapshots.profile


def _number(raw: str) -> str:
    number = e164.parse(raw)
    if number is None or not number.is_possible:
        raise errors.invalid_phone_number(raw)
    return number.e164


def _items(rows: list[dict[str, Any]], more: bool, page: PageRequest) -> Items:
    backwards = page.before is not None
    return Items(items=rows, more=more or backwards, earlier=more if backwards else page.after is not None)
