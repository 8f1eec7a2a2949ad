"""`/Content` and what shows contents, as the REST engine calls them; kept by the plain engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.products.content import approval, listing, queries, types
from localloop.products.content.review import Owner, Reviews
from localloop.rest.plain import Plain
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request
from localloop.store import Database


class Operations(Struct, frozen=True):
    """What a content may be asked over REST."""

    database: Database
    plain: Plain
    reviews: Reviews

    async def create(self, request: Request) -> Item:
        """Raises 20001 that says what is wrong with a type."""
        return await self.plain.create(request, fields={"types": _types(request.params)})

    async def update(self, request: Request) -> Item:
        """Until it was submitted: an approved template is what WhatsApp approved."""
        changes = {"types": _types(request.params)}
        data = await self._data(request, request.ids["Sid"])
        if approval.status_of(data) != "unsubmitted":
            raise errors.conflict("A content that was submitted for approval cannot be changed.")
        return await self.plain.update(request, changes)

    async def delete(self, request: Request) -> Deleted:
        return await self.plain.delete(request)

    async def page_approvals(self, request: Request) -> Items:
        found = await self.plain.page(request)
        return _with(found, _approved)

    async def page_legacy(self, request: Request) -> Items:
        return _with(await self.plain.page(request), _legacy)

    async def sifted(self, request: Request) -> Items:
        contents = await queries.all_of(self.database, request.account_sid)
        found = listing.sift(contents, request.params)
        return listing.cut(found, request.page or PageRequest())

    async def sifted_approvals(self, request: Request) -> Items:
        return _with(await self.sifted(request), _approved)

    async def submit(self, request: Request) -> Item:
        """Raises 20001 for a name or category that WhatsApp does not take, 20409 for one that is under way."""
        name, category = str(request.params["name"]), str(request.params["category"])
        if not approval.is_name(name):
            raise errors.invalid_parameter("name", "It is of lower-case letters, digits and underscores.")
        if category not in approval.CATEGORIES:
            raise errors.invalid_parameter(
                "category", f"It is one of {', '.join(sorted(approval.CATEGORIES))}."
            )
        owner = Owner(request.account_sid, request.world_sid)
        asked = {"name": name, "category": category, "rejection_reason": ""}
        moved = await self.reviews.move(owner, request.ids["ContentSid"], "received", asked)
        if moved is None:
            raise _not_found(request)
        return Item(fields=moved)

    async def fetch_approval(self, request: Request) -> Item:
        sid = request.ids["Sid"]
        shown = approval.shown(await self._data(request, sid))
        return Item(fields={"sid": sid, "account_sid": request.account_sid, "whatsapp": shown})

    async def _data(self, request: Request, sid: str) -> Mapping[str, Any]:
        [data] = await queries.data_of(self.database, [(request.account_sid, sid)])
        if data is None:
            raise _not_found(request)
        return data


def bindings(operations: Operations) -> tuple[Binding, ...]:
    plain = operations.plain
    return (
        Binding(
            resource="content.v1.Content",
            operations={
                "CreateContent": operations.create,
                "FetchContent": plain.fetch,
                "ListContent": plain.page,
                "UpdateContent": operations.update,
                "DeleteContent": operations.delete,
                "ListContentAndApprovals": operations.page_approvals,
                "ListLegacyContent": operations.page_legacy,
            },
        ),
        Binding(resource="content.v1.ApprovalCreate", operations={"CreateApprovalCreate": operations.submit}),
        Binding(
            resource="content.v1.ApprovalFetch", operations={"FetchApprovalFetch": operations.fetch_approval}
        ),
        Binding(
            resource="content.v2.Content",
            operations={
                "ListContent": operations.sifted,
                "ListContentAndApprovals": operations.sifted_approvals,
            },
        ),
    )


def _not_found(request: Request) -> ApiError:
    return errors.not_found(request.address.removeprefix(f"/{request.api.version}"))


def _types(params: Mapping[str, Any]) -> dict[str, Any]:
    """The types of a content, checked."""
    found: dict[str, Any] = types.without_nulls(params["types"] or {})
    try:
        types.check(found)
    except types.Unfit as error:
        raise errors.invalid_parameter("types", str(error)) from None
    variables = params.get("variables") or {}
    if not all(isinstance(value, str) for value in variables.values()):
        raise errors.invalid_parameter("variables", "Their values are texts.")
    return found


def _with(found: Items, more: Any) -> Items:
    return Items(
        items=[{**item, **more(item)} for item in found.items],
        more=found.more,
        earlier=found.earlier,
        first_cursor=found.first_cursor,
        last_cursor=found.last_cursor,
    )


def _approved(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"approval_requests": approval.shown(item)}


def _legacy(item: Mapping[str, Any]) -> dict[str, Any]:
    """How WhatsApp's templates were called before there were contents."""
    shown = approval.shown(item)
    body = next((each["body"] for each in (item.get("types") or {}).values() if each.get("body")), "")
    return {"legacy_template_name": shown["name"] or item.get("friendly_name") or "", "legacy_body": body}
