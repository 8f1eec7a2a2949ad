"""What people attach to texts from phones: found, as the media of a carrier would be, by whoever knows an address that
nobody can guess.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, sids
from localloop.products.messaging.media import rules
from localloop.products.messaging.media.resource import Attached
from localloop.store import Executor
from localloop.store.objects import Objects, Wanted, hold

PREFIX: Final = "/bytes/uploads/"
_ADDRESS: Final = re.compile(r"/(?:bytes/uploads|console/pictures)/([A-Za-z0-9_-]{32}(?:\.[a-z0-9]{1,8})?)")
_KEEP: Final = """
insert into media_uploads (name, account_sid, id, object_id, size, content_type, date_created)
values ($1, $2, $3, $4, $5, $6, $7)
"""
_FIND: Final = "select name, content_type, object_id, size from media_uploads where name = any($1::text[])"


class Upload(Struct, frozen=True):
    name: str
    content_type: str
    object_id: UUID
    size: int


async def keep(
    objects: Objects, account_sid: str, content: bytes, content_type: str, ending: str = ""
) -> Upload:
    """Keep bytes under a name that ends so."""
    name = f"{secrets.token_urlsafe(24)}{ending}"
    upload = Upload(name, rules.essence(content_type), await objects.write(content), len(content))
    holder = sids.new_id()
    async with objects.database.unit() as unit:
        await unit.execute(
            _KEEP,
            upload.name,
            account_sid,
            holder,
            upload.object_id,
            upload.size,
            upload.content_type,
            clock.now(),
        )
        await hold(unit, [Wanted(upload.object_id, account_sid, holder)])
    return upload


async def find(reader: Executor, name: str) -> Upload | None:
    found = await _find(reader, [name])
    return found.get(name)


async def attached(reader: Executor, urls: Sequence[str]) -> tuple[Attached, ...]:
    """The files at these addresses; the bytes of those that were uploaded here need not be fetched."""
    names = [_name(url) for url in urls]
    wanted = [name for name in names if name]
    known = await _find(reader, wanted) if wanted else {}
    return tuple(_attached(url, known.get(name)) for url, name in zip(urls, names, strict=True))


def _name(url: str) -> str:
    path = url.partition("?")[0].partition("#")[0]
    found = _ADDRESS.search(path)
    return found[1] if found is not None and path.endswith(found[0]) else ""


def _attached(url: str, upload: Upload | None) -> Attached:
    if upload is None:
        return Attached(url)
    return Attached(url, upload.content_type, upload.object_id, upload.size)


async def _find(reader: Any, names: Sequence[str]) -> dict[str, Upload]:
    return {row["name"]: Upload(**row) for row in await reader.fetch(_FIND, list(names))}
