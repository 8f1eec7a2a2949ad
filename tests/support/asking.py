"""Asks operations as the engine does, once it has read a request: real bindings, real database, no HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from localloop.contract import load
from localloop.core import clock, sids
from localloop.rest.request import Answer, Binding, Caller, Item, Items, PageRequest, Request, UrlForm


class Asker:
    def __init__(self, bindings: Iterable[Binding]) -> None:
        self._operations = {
            f"{binding.resource.rpartition('.')[0]}.{name}": operate
            for binding in bindings
            for name, operate in binding.operations.items()
        }

    async def __call__(
        self,
        operation_id: str,
        caller: Caller,
        params: dict[str, Any] | None = None,
        *,
        page: PageRequest | None = None,
        headers: dict[str, str] | None = None,
        query: str = "",
        **ids: str,
    ) -> Answer:
        return await self._operations[operation_id](
            request_of(operation_id, caller, params, page=page, headers=headers, query=query, **ids)
        )

    async def item(
        self, operation_id: str, caller: Caller, params: dict[str, Any] | None = None, **ids: str
    ) -> dict[str, Any]:
        answer = await self(operation_id, caller, params, **ids)
        assert isinstance(answer, Item)
        return dict(answer.fields)

    async def items(
        self,
        operation_id: str,
        caller: Caller,
        params: dict[str, Any] | None = None,
        *,
        page: PageRequest | None = None,
        **ids: str,
    ) -> Items:
        answer = await self(operation_id, caller, params, page=page or PageRequest(), **ids)
        assert isinstance(answer, Items)
        return answer


def request_of(
    operation_id: str,
    caller: Caller,
    params: dict[str, Any] | None = None,
    *,
    page: PageRequest | None = None,
    headers: dict[str, str] | None = None,
    query: str = "",
    **ids: str,
) -> Request:
    api, resource, path, operation = load().operation(operation_id)
    address = path.template.format_map({"AccountSid": caller.account_sid, **ids})
    return Request(
        sid=sids.new("RQ"),
        api=api,
        resource=resource,
        path=path,
        operation=operation,
        caller=caller,
        account_sid=caller.account_sid,
        world_sid=caller.world_sid,
        ids={"AccountSid": caller.account_sid, **ids},
        params=params or {},
        now=clock.now(caller.world_sid),
        urls=UrlForm(scheme="http", authority="127.0.0.1:4010", by_host=False),
        address=address,
        query=query,
        page=page,
        headers=headers or {},
    )
