"""How the contract is made from documents: the default rules, the patches, and the files in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from localloop import contract
from localloop.contract import files
from localloop.contract.derive import assemble, patches
from localloop.contract.derive.patches import FieldPatch, ParamPatch, Patch, Patches
from localloop.contract.model import Api, Field, Operation
from localloop.contract.model import Path as ApiPath

SID = "a" * 32
RECORD = {
    "sid": f"WD{SID}",
    "account_sid": f"AC{SID}",
    "shop_sid": f"WS{SID}",
    "name": "Hammer",
    "color": "red",
    "finish": "matt",
    "in_stock": True,
    "sold": 7,
    "price": 12.5,
    "status": "ready",
    "supplier_sid": f"WX{SID}",
    "tags": ["a"],
    "date_created": "2015-07-30T20:00:00Z",
    "url": f"https://shop.twilio.com/v1/Shops/WS{SID}/Widgets/WD{SID}",
    "links": {"parts": f"https://shop.twilio.com/v1/Shops/WS{SID}/Widgets/WD{SID}/Parts"},
}


def sid(prefix: str) -> dict[str, str]:
    return {"type": "string", "pattern": f"^{prefix}[0-9a-fA-F]{{32}}$"}


WIDGET = {
    "type": "object",
    "properties": {
        "sid": sid("WD"),
        "account_sid": sid("AC"),
        "shop_sid": sid("WS"),
        "name": {"type": "string"},
        "color": {"type": "string", "enum": ["red", "blue"]},
        "finish": {"type": "string", "enum": ["matt", "gloss"]},
        "in_stock": {"type": "boolean"},
        "sold": {"type": "integer"},
        "price": {"type": "number"},
        "status": {"type": "string", "enum": ["ready", "gone"]},
        "supplier_sid": sid("WX"),
        "tags": {"type": "array", "items": {"type": "string"}},
        "date_created": {"type": "string", "format": "date-time"},
        "url": {"type": "string", "format": "uri"},
        "links": {"type": "object", "format": "uri-map"},
    },
}


def answer(status: str, schema: Any, name: str, value: Any) -> dict[str, Any]:
    media = {"schema": schema, "examples": {name: {"value": value}}}
    return {status: {"content": {"application/json": media}}}


def operation(name: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"operationId": name, "responses": responses, **more}


def path_params(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": sid("WS")} for name in names]


def document() -> dict[str, Any]:
    widget = {"$ref": "#/components/schemas/shop.v1.widget"}
    shown = answer("200", widget, "fetch", RECORD)
    listed = {"type": "object", "properties": {"widgets": {"type": "array", "items": widget}, "meta": {}}}
    create = {
        "type": "object",
        "properties": {
            "Name": {"type": "string", "maxLength": 64},
            "Color": {"type": "string", "enum": ["red", "blue"]},
            "Finish": {"type": "string", "enum": ["matt", "gloss"]},
        },
        "required": ["Name"],
    }
    body = {
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": create,
                "examples": {"create": {"value": {"Name": "Hammer", "Color": "red"}}},
            }
        }
    }
    totals = {
        "type": "object",
        "properties": {"shop_sid": sid("WS"), "totals": {}, "status": {"type": "string"}},
    }
    counted = {"shop_sid": f"WS{SID}", "totals": {"sold": 5, "since": "2015"}, "status": "open"}
    widgets, one = "/v1/Shops/{ShopSid}/Widgets", "/v1/Shops/{ShopSid}/Widgets/{Sid}"
    return {
        "servers": [{"url": "https://shop.twilio.com"}],
        "paths": {
            "/v1/Shops/{Sid}": {
                "get": operation(
                    "FetchShop",
                    answer("200", {"properties": {"sid": sid("WS")}}, "fetch", {"sid": f"WS{SID}"}),
                    parameters=path_params("Sid"),
                )
            },
            widgets: {
                "post": operation(
                    "CreateWidget",
                    answer("201", widget, "create", RECORD),
                    parameters=path_params("ShopSid"),
                    requestBody=body,
                ),
                "get": operation(
                    "ListWidget",
                    answer("200", listed, "readFull", {"widgets": [RECORD]}),
                    parameters=[
                        *path_params("ShopSid"),
                        {"name": "DateCreatedAfter", "in": "query", "schema": {"type": "string"}},
                        {"name": "PageSize", "in": "query", "schema": {"type": "integer", "maximum": 100}},
                    ],
                ),
            },
            one: {"get": operation("FetchWidget", shown, parameters=path_params("ShopSid", "Sid"))},
            f"{one}/Parts": {
                "get": operation(
                    "ListPart",
                    answer("200", {"properties": {"parts": {"type": "array", "items": {}}}}, "readEmpty", {}),
                    parameters=path_params("ShopSid", "Sid"),
                )
            },
            "/v1/Shops/{ShopSid}/Statistics": {
                "get": operation(
                    "FetchStatistics",
                    answer("200", totals, "fetch", counted),
                    parameters=path_params("ShopSid"),
                )
            },
        },
        "components": {"schemas": {"shop.v1.widget": WIDGET}},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "twilio_shop_v1.json").write_text(json.dumps(document()))
    return tmp_path


def derived(folder: Path, *corrections: Patch) -> Api:
    (made,) = assemble.derive(folder, Patches(list(corrections)))
    return files.read(files.write(made))[0]


def found(api: Api, name: str) -> tuple[ApiPath, Operation]:
    return next(
        (path, operation)
        for resource in api.resources
        for path in resource.paths
        for operation in path.operations
        if operation.id == f"shop.v1.{name}"
    )


def fields(api: Api, name: str) -> dict[str, Field]:
    return {field.name: field for field in found(api, name)[1].fields}


def test_paths_get_their_role_kind_and_parents(folder: Path) -> None:
    api = derived(folder)
    created, _ = found(api, "CreateWidget")
    fetched, _ = found(api, "FetchWidget")
    counted, _ = found(api, "FetchStatistics")
    assert (created.role, created.kind, created.parents) == (
        "collection",
        "shop/Widget",
        (("ShopSid", "shop/Shop"),),
    )
    assert (fetched.role, fetched.id_param, fetched.parents) == ("instance", "Sid", created.parents)
    assert (counted.role, counted.parents) == ("singleton", created.parents)


def test_sources_by_rule(folder: Path) -> None:
    sources = {name: field.source for name, field in fields(derived(folder), "CreateWidget").items()}
    assert sources == {
        "sid": "sid",
        "account_sid": "account",
        "shop_sid": "parent",
        "name": "param",
        "color": "param",
        "finish": "param",
        "in_stock": "initial",
        "sold": "initial",
        "price": "initial",
        "status": "initial",
        "supplier_sid": "initial",
        "tags": "initial",
        "date_created": "created",
        "url": "url",
        "links": "links",
    }


def test_initial_values_by_rule(folder: Path) -> None:
    initial = {name: field.initial for name, field in fields(derived(folder), "CreateWidget").items()}
    assert initial["finish"] == "matt"  # the example's request did not set it: a default
    assert initial["color"] is None  # the example's request set it: content
    assert initial["name"] is None
    assert initial["in_stock"] is True
    assert initial["sold"] == 0
    assert initial["price"] is None  # nothing costs nothing
    assert initial["status"] == "ready"
    assert initial["supplier_sid"] is None
    assert initial["tags"] == []


def test_a_singletons_counts_are_zero_and_its_status_nothing(folder: Path) -> None:
    counted = fields(derived(folder), "FetchStatistics")
    assert counted["totals"].initial == {"sold": 0, "since": None}
    assert counted["status"].initial is None


def test_parameters(folder: Path) -> None:
    params = {param.name: param for param in found(derived(folder), "CreateWidget")[1].params}
    assert (params["Name"].required, params["Name"].max_length, params["Name"].field) == (True, 64, "name")
    assert params["ShopSid"].sid == ("WS",)
    listed = {param.name: param for param in found(derived(folder), "ListWidget")[1].params}
    assert (listed["DateCreatedAfter"].field, listed["DateCreatedAfter"].comparison) == ("date_created", ">=")
    assert "PageSize" not in listed
    assert found(derived(folder), "ListWidget")[1].max_page_size == 100


def test_links_are_templates_in_the_records_own_parameters(folder: Path) -> None:
    links = fields(derived(folder), "FetchWidget")["links"].links
    assert links == (("parts", "/v1/Shops/{ShopSid}/Widgets/{Sid}/Parts"),)


def test_a_document_that_repeats_another_adds_nothing(folder: Path) -> None:
    once = derived(folder)
    (folder / "twilio_shop_sdk.json").write_text(json.dumps(document()))
    assert derived(folder) == once


def test_patches_change_what_they_name(folder: Path) -> None:
    api = derived(
        folder,
        Patch(reason="-", resources=["shop.v1.Widget"], kind="shop/Tool"),
        Patch(reason="-", kinds=["shop/Tool"], unique=("name",), made_by="catalogue"),
        Patch(reason="-", kinds=["shop/Tool"], fields={"status": FieldPatch(initial=None)}),
        Patch(reason="-", operations=["shop.v1.CreateWidget"], params={"Color": ParamPatch(required=True)}),
    )
    path, created = found(api, "CreateWidget")
    (tool,) = [resource for resource in api.resources if resource.kind == "shop/Tool"]
    assert path.kind == "shop/Tool"
    assert (tool.key, tool.unique, tool.made_by) == ("shop.v1.Tool", ("name",), "catalogue")
    assert fields(api, "CreateWidget")["status"].initial is None
    assert next(param for param in created.params if param.name == "Color").required


def test_a_patch_that_changes_nothing_is_reported(folder: Path) -> None:
    used = Patch(reason="-", kinds=["shop/Widget"], fields={"sold": FieldPatch(initial=1)})
    idle = Patch(reason="-", kinds=["shop/Widget"], fields={"sold": FieldPatch(type="integer")})
    lost = Patch(reason="-", kinds=["shop/Gadget"], made_by="activity")
    corrections = Patches([used, idle, lost])
    assemble.derive(folder, corrections)
    assert corrections.unspent() == [idle, lost]


# The patches in the tree ---------------------------------------------------------------------------------------

PATCHES_FOLDER = Path(str(package_files("localloop.contract"))) / "patches"


def shipped() -> Iterator[Patch]:
    for file in sorted(PATCHES_FOLDER.glob("*.json")):
        yield from msgspec.json.decode(file.read_bytes(), type=list[Patch])


def test_every_patch_names_its_target_and_its_reason() -> None:
    for patch in shipped():
        targets = [bool(patch.resources), bool(patch.kinds), bool(patch.paths), bool(patch.operations)]
        assert sum(targets) == 1, patch.reason
        assert patch.reason.endswith((".", ")."))
        assert len(patch.reason) > 10


def test_the_data_have_been_built_with_the_patches() -> None:
    loaded = contract.load()
    for patch in shipped():
        kinds = [kind for kind in loaded.kinds if any(fnmatchcase(kind, name) for name in patch.kinds)]
        assert bool(kinds) == bool(patch.kinds), patch.reason
        for kind in kinds:
            resource = loaded.kind(kind)
            for name in ("made_by", "upsert", "unique", "attaches"):
                wanted = getattr(patch, name)
                assert wanted is UNSET or getattr(resource, name) == wanted, (kind, name)
        if patch.kind and "*" not in patch.kind:
            assert patch.kind in loaded.kinds


def test_reading_patches_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "typo.json").write_text('[{"reason": "x", "kindz": ["a/b"]}]')
    with pytest.raises(msgspec.ValidationError):
        patches.read(tmp_path)
