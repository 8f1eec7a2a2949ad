"""The lab's waits in the contract's vocabulary: an address for each kind of thing, with its fields as parameters."""

from __future__ import annotations

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.lab.surface.vocabulary import URL
from localloop.lab.things import KINDS, Kind

MAX_WAIT_S = 300
# In the world's time, where that passes by itself.
MAX_LEAP_S = 400 * 86_400
MOST = 10_000

_CONTROLS = (
    Param(name="Timeout", location="query", type="number", minimum=0, maximum=MAX_LEAP_S),
    Param(name="Since", location="query", format="date-time"),
    Param(name="After", location="query"),
    Param(name="AtLeast", location="query", type="integer", minimum=0, maximum=MOST),
    Param(name="AtMost", location="query", type="integer", minimum=0, maximum=MOST),
    Param(name="Exactly", location="query", type="integer", minimum=0, maximum=MOST),
    Param(name="Match", location="query", type="array", items=Param(name="Match", location="query")),
)
_FOUND = (
    Field(name="kind", type="string"),
    Field(name="count", type="integer"),
    Field(name="items", type="array", initial=[]),
    Field(name="at", type="string", format="date-time"),
    URL,
)


def key_of(kind: Kind) -> str:
    return f"lab.v1.{kind.name}Wait"


def _resource(kind: Kind) -> Resource:
    fields = (
        Param(name=name, location="query", type="array", items=Param(name=name, location="query"))
        for name in kind.fields
    )
    return Resource(
        key=key_of(kind),
        name=f"{kind.name}Wait",
        kind=f"lab/{kind.name}Wait",
        paths=(
            Path(
                template=f"/v1/Waits/{kind.name}",
                role="singleton",
                kind=f"lab/{kind.name}Wait",
                operations=(
                    Operation(
                        id=f"lab.v1.Fetch{kind.name}Wait",
                        method="GET",
                        verb="fetch",
                        params=(*_CONTROLS, *fields),
                        fields=_FOUND,
                    ),
                ),
            ),
        ),
    )


RESOURCES = tuple(map(_resource, KINDS))
