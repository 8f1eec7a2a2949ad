"""The lab's clock in the contract's vocabulary."""

from __future__ import annotations

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.lab.surface.vocabulary import URL

MODES = ("real", "frozen", "offset", "auto")
MOST_PATIENCE_S = 120

_CLOCK = (
    Field(name="mode", type="string", enum=MODES),
    Field(name="at", type="string", format="date-time"),
    Field(name="offset", type="number"),
    Field(name="next_due", type="string", format="date-time"),
    Field(name="is_busy", type="boolean"),
    URL,
)
_WISHES = (
    Param(name="Mode", location="body", enum=MODES),
    Param(name="At", location="body", format="date-time"),
    Param(name="Advance", location="body", max_length=100),
    Param(name="Steps", location="body", type="boolean"),
    Param(name="Patience", location="body", type="number", minimum=0, maximum=MOST_PATIENCE_S),
)

RESOURCES = (
    Resource(
        key="lab.v1.Clock",
        name="Clock",
        kind="lab/Clock",
        paths=(
            Path(
                template="/v1/Clock",
                role="singleton",
                kind="lab/Clock",
                operations=(
                    Operation(id="lab.v1.FetchClock", method="GET", verb="fetch", fields=_CLOCK),
                    Operation(
                        id="lab.v1.UpdateClock",
                        method="POST",
                        verb="update",
                        body="form",
                        params=_WISHES,
                        fields=_CLOCK,
                        one_of=(("Mode", "At", "Advance"),),
                    ),
                ),
            ),
        ),
    ),
)
