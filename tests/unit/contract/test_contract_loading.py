"""The loaded contract as a whole: complete, consistent with itself, quick to load."""

from __future__ import annotations

import re
from importlib.resources import files
from time import process_time

import pytest

from localloop import contract
from localloop.contract import contract as loading
from localloop.contract.files import read

CONTRACT = contract.load()
OPERATIONS = list(CONTRACT.operations())
PATHS = [
    (api, resource, path) for api in CONTRACT.apis for resource in api.resources for path in resource.paths
]


def test_every_operation_of_every_document_is_there_once() -> None:
    assert len(CONTRACT.apis) == 58
    assert len(OPERATIONS) == 1533  # of 1,541: the document content_sdk repeats eight of content_v1
    assert len({operation.id for *_, operation in OPERATIONS}) == 1533
    assert len({resource.key for resource in CONTRACT.resources()}) == len(list(CONTRACT.resources()))


def test_loads_in_under_100_ms() -> None:
    durations = []
    for _ in range(5):
        started = process_time()
        loading._load()
        durations.append(process_time() - started)
    assert min(durations) < 0.1


def test_data_stay_small() -> None:
    data = files("localloop.contract") / "data"
    assert sum(len(file.read_bytes()) for file in data.iterdir()) < 1_700_000


def test_no_prose_in_the_data() -> None:
    data = files("localloop.contract") / "data"
    assert not any(b'"description":"' in file.read_bytes() for file in data.iterdir())


def test_loads_the_same_values_once() -> None:
    assert contract.load() is CONTRACT


def test_finds_by_key_kind_and_operation() -> None:
    api, resource, path, operation = CONTRACT.operation("sync.v1.CreateDocument")
    assert (api.host, operation.method) == ("sync.twilio.com", "POST")
    assert path.template == "/v1/Services/{ServiceSid}/Documents"
    assert CONTRACT.resource("sync.v1.Document") is resource
    assert CONTRACT.kind("sync/Document") is resource
    with pytest.raises(KeyError):
        CONTRACT.operation("sync.v1.CreateNothing")


def test_every_method_of_a_path_is_one_operation() -> None:
    for _, _, path in PATHS:
        methods = [operation.method for operation in path.operations]
        assert len(methods) == len(set(methods)), path.template


def test_no_two_paths_have_one_shape() -> None:
    shapes = [(api.product, re.sub(r"\{\w+\}", "{}", path.template)) for api, _, path in PATHS]
    assert len(shapes) == len(set(shapes))


def test_every_kind_has_one_home() -> None:
    for resource in CONTRACT.resources():
        home = CONTRACT.kind(resource.kind)
        assert home.kind == resource.kind
        assert {path.kind for path in resource.paths} == {resource.kind}


def test_every_parent_is_a_kind_or_unchecked() -> None:
    for _, _, path in PATHS:
        for param, kind in path.parents:
            assert f"{{{param}}}" in path.template
            assert not kind or kind in CONTRACT.kinds


def test_params_of_a_template_are_required_path_parameters() -> None:
    for _, _, path, operation in OPERATIONS:
        named = {param.name for param in operation.params if param.location == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path.template)), operation.id
        assert all(param.required for param in operation.params if param.location == "path")


def test_every_path_parameter_is_id_parent_or_account() -> None:
    for api, _, path in PATHS:
        known = {path.id_param, *(param for param, _ in path.parents)}
        if api.style == "2010":
            known.add("AccountSid")
        unnamed = set(re.findall(r"\{(\w+)\}", path.template)) - known
        assert not unnamed or path.template.endswith("/Webhook/{WebhookType}"), path.template


def test_templates_carry_no_suffix_in_the_2010_style() -> None:
    for api, _, path in PATHS:
        assert api.style != "2010" or not path.template.endswith(".json")


def test_a_file_read_twice_gives_equal_values() -> None:
    content = (files("localloop.contract") / "data" / "sync.v1.json").read_bytes()
    assert read(content) == read(content)
