"""Messages over the lab's REST surface: an account's settings, files for texts from phones, many deleted at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from typing import Any
from uuid import UUID

from msgspec import Struct

from localloop.core import e164, errors, sids
from localloop.products.messaging.keeping import deletion
from localloop.products.messaging.keeping.batches import Filters
from localloop.products.messaging.keeping.deletion import Deletion
from localloop.products.messaging.media import rules, settings, uploads
from localloop.products.messaging.media.settings import Wish
from localloop.rest.request import Answer, Binding, Item, Items, PageRequest, Request
from localloop.store.objects import Objects


class Messages(Struct, frozen=True):
    objects: Objects
    default_days: int = 0  # how long messages are kept of who chose nothing


def bindings(messages: Messages) -> tuple[Binding, ...]:
    def bound(
        operate: Callable[[Messages, Request], Awaitable[Answer]],
    ) -> Callable[[Request], Awaitable[Answer]]:
        return lambda request: operate(messages, request)

    return (
        Binding(
            resource="lab.v1.MessagingSettings",
            operations={
                "FetchMessagingSettings": bound(fetch_settings),
                "UpdateMessagingSettings": bound(choose),
            },
        ),
        Binding(resource="lab.v1.Upload", operations={"CreateUpload": bound(upload)}),
        Binding(
            resource="lab.v1.MessageDeletion",
            operations={
                "ListMessageDeletion": bound(list_deletions),
                "CreateMessageDeletion": bound(delete),
                "FetchMessageDeletion": bound(fetch),
                "UpdateMessageDeletion": bound(cancel),
            },
        ),
    )


async def fetch_settings(messages: Messages, request: Request) -> Item:
    """What holds for the account: its own choice, its main account's, or the default."""
    held = await settings.of_account(messages.objects.database, request.account_sid, request.world_sid)
    days = messages.default_days if held.retention_days is None else held.retention_days
    return Item(
        fields={
            "account_sid": request.account_sid,
            "media_auth": held.media_auth,
            "media_fetch": held.media_fetch,
            "mms": held.mms,
            "retention_days": days,
        }
    )


async def choose(messages: Messages, request: Request) -> Item:
    params = request.params
    wish = Wish(
        media_auth=params.get("MediaAuth"),
        media_fetch=params.get("MediaFetch"),
        mms=params.get("Mms"),
        retention_days=params.get("RetentionDays"),
    )
    await settings.change(messages.objects.database, request.account_sid, wish, request.now)
    return await fetch_settings(messages, request)


async def upload(messages: Messages, request: Request) -> Item:
    """A file that a text from a phone may then name as its `MediaUrl`. 12300 for what no carrier takes."""
    content, content_type = request.params["Content"], request.params["ContentType"]
    if isinstance(content, str):
        content = content.encode()
    code = rules.refusal("", content_type, len(content))
    if code is not None:
        raise errors.of(code)
    kept = await uploads.keep(messages.objects, request.account_sid, content, content_type)
    return Item(
        fields={
            "address": f"{request.urls.scheme}://{request.urls.authority}{uploads.PREFIX}{kept.name}",
            "content_type": kept.content_type,
            "size": kept.size,
            "date_created": request.now,
        }
    )


async def delete(messages: Messages, request: Request) -> Item:
    """Begins it; what fits now goes, what comes later stays."""
    params = request.params
    after, before = params.get("CreatedAfter"), params.get("CreatedBefore")
    filters = Filters(
        created_from=None if after is None else after.astimezone(UTC),
        created_until=None if before is None else before.astimezone(UTC),
        to=_address(params.get("To")),
        from_=_address(params.get("From")),
        status=params.get("Status") or None,
        direction=params.get("Direction") or None,
    )
    async with messages.objects.database.unit() as unit:
        caller = (request.account_sid, request.world_sid)
        deletion_id = await deletion.begin(unit, caller, filters, request.now)
    return Item(fields=_shown(await _get(messages, request, deletion_id)))


async def fetch(messages: Messages, request: Request) -> Item:
    return Item(fields=_shown(await _get(messages, request, _id(request))))


async def cancel(messages: Messages, request: Request) -> Item:
    """409 when it is over."""
    deletion_id = _id(request)
    await _get(messages, request, deletion_id)
    database = messages.objects.database
    if not await deletion.cancel(database, request.account_sid, deletion_id, request.now):
        raise errors.conflict("This deletion is over.")
    return await fetch(messages, request)


async def list_deletions(messages: Messages, request: Request) -> Items:
    """Newest first."""
    asked = request.page or PageRequest()
    after = None
    if asked.after is not None:
        if not sids.is_sid(asked.after, deletion.PREFIX):
            raise errors.invalid_page_token()
        after = sids.uuid_of(asked.after)
    found = await deletion.page(messages.objects.database, request.account_sid, after, asked.size + 1)
    return Items(
        items=[_shown(each) for each in found[: asked.size]],
        more=len(found) > asked.size,
        earlier=after is not None,
    )


def _id(request: Request) -> UUID:
    sid = request.ids["Sid"]
    if not sids.is_sid(sid, deletion.PREFIX):
        raise errors.not_found(request.address)
    return sids.uuid_of(sid)


async def _get(messages: Messages, request: Request, deletion_id: UUID) -> Deletion:
    found = await deletion.get(messages.objects.database, request.account_sid, deletion_id)
    if found is None:
        raise errors.not_found(request.address)
    return found


def _address(text: str | None) -> str | None:
    return str(e164.address(text)) if text else None


def _shown(found: Deletion) -> Mapping[str, Any]:
    filters = found.filters
    given = {
        "created_after": filters.created_from and filters.created_from.isoformat().replace("+00:00", "Z"),
        "created_before": filters.created_until and filters.created_until.isoformat().replace("+00:00", "Z"),
        "to": filters.to,
        "from": filters.from_,
        "status": filters.status,
        "direction": filters.direction,
    }
    return {
        "sid": found.sid,
        "account_sid": found.account_sid,
        "status": found.status,
        "filters": {name: value for name, value in given.items() if value is not None},
        "total": found.total,
        "deleted": found.deleted,
        "in_flight": found.in_flight,
        "date_created": found.date_created,
        "date_updated": found.date_updated,
    }
