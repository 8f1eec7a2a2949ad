"""docs/reference/lab-api.md names exactly what the lab serves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from localloop.carriers.phones import BEHAVIORS
from localloop.contract.model import Operation
from localloop.lab import API

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "lab-api.md"
_LINE = re.compile(r"^(GET|POST|DELETE)\s+/lab(/v1/\S+)$", re.M)
_ROW = re.compile(r"^\| `(\w+)` \|", re.M)
_UNTOLD = {"PageSize", "Page", "PageToken"}  # named once for all lists


def served() -> dict[tuple[str, str], Operation]:
    return {
        (operation.method, path.template): operation
        for resource in API.resources
        for path in resource.paths
        for operation in path.operations
    }


def sections() -> list[str]:
    return re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.M)[1:]


def test_every_address() -> None:
    assert set(_LINE.findall(PAGE.read_text("utf-8"))) == set(served())


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.partition("\n")[0])
def test_every_parameter_and_field(section: str) -> None:
    operations = [served()[found] for found in _LINE.findall(section)]
    wanted = {
        param.name
        for operation in operations
        for param in operation.params
        if param.location != "path" and param.name not in _UNTOLD
    }
    rows = set(_ROW.findall(section))
    if "Behavior" in rows:
        assert set(re.findall(r"`(deliver|slow|read|[0-9]{5})`", section)) == set(BEHAVIORS)
    told = {name for name in wanted if f"`{name}`" in section or f"`{name}=" in section}
    assert (rows - set(BEHAVIORS) <= wanted, wanted - told) == (True, set())
    if operations and operations[0].method == "GET" and "408" not in section and "parents" not in section:
        fields = {field.name for field in operations[0].fields}
        named = set(re.findall(r"`(\w+)`", section))
        assert fields <= named or "newest first" not in section.lower()
