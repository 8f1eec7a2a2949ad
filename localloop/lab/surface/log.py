"""The world's log in the contract's vocabulary."""

from __future__ import annotations

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.lab.happenings import KINDS
from localloop.lab.surface.vocabulary import PAGING

_HAPPENING = (
    Field(name="id", type="string"),
    Field(name="kind", type="string", enum=KINDS),
    Field(name="at", type="string", format="date-time"),
    Field(name="title", type="string"),
    Field(name="sid", type="string"),
    Field(name="resource_sid", type="string"),
    Field(name="detail", type="object", initial={}),
)
_FILTERS = (
    Param(
        name="Kind", location="query", type="array", items=Param(name="Kind", location="query", enum=KINDS)
    ),
    Param(name="ResourceSid", location="query"),
    Param(name="After", location="query", max_length=100),
    *PAGING,
)

RESOURCES = (
    Resource(
        key="lab.v1.Log",
        name="Log",
        kind="lab/Log",
        id_field="id",
        paths=(
            Path(
                template="/v1/Log",
                role="collection",
                kind="lab/Log",
                operations=(
                    Operation(
                        id="lab.v1.ListLog",
                        method="GET",
                        verb="list",
                        params=_FILTERS,
                        fields=_HAPPENING,
                        list_key="log",
                        paging="meta",
                    ),
                ),
            ),
        ),
    ),
)
