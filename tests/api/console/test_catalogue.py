"""The explorer's catalogue is the contract."""

from __future__ import annotations

from typing import Any

from localloop import contract, server
from tests.api.console.conftest import Page


def operations(catalogue: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["id"]: operation
        for product in catalogue["products"]
        for resource in product["resources"]
        for operation in resource["operations"]
    }


async def test_every_operation_is_there_once_and_says_whether_it_behaves(page: Page) -> None:
    catalogue = await page.get("catalogue")
    found = operations(catalogue)
    known = {operation.id for _, _, _, operation in contract.load().operations()}
    assert set(found) == known
    assert len(known) == 1533
    beside = {resource.key for api in server.BESIDES for resource in api.resources}
    bound = {
        f"{binding.resource.rpartition('.')[0]}.{name}"
        for binding in server.bindings()
        for name in binding.operations
        if binding.resource not in beside
    }
    assert {key for key, operation in found.items() if operation["behaves"]} == bound


async def test_an_operation_says_what_it_takes(page: Page) -> None:
    found = operations(await page.get("catalogue"))
    create = found["api.v2010.CreateMessage"]
    assert (create["method"], create["path"]) == ("POST", "/2010-04-01/Accounts/{AccountSid}/Messages.json")
    assert create["summary"] == "Create message"
    params = {param["name"]: param for param in create["params"]}
    assert (params["To"]["in"], params["To"]["required"], params["To"]["type"]) == ("form", True, "string")
    assert params["AccountSid"]["in"] == "path"
    assert found["verify.v2.ListService"]["path"] == "/verify/v2/Services"


async def test_it_is_small_and_asked_for_once(page: Page) -> None:
    async with page.request("GET", "catalogue", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < 100_000
        etag = answer.headers["etag"]
    assert await page.status("GET", "catalogue", headers={"If-None-Match": etag}) == 304
    async with page.request("GET", "catalogue", headers={"Accept-Encoding": "identity"}) as answer:
        assert "content-encoding" not in answer.headers
        assert len((await answer.json())["products"]) > 30
