"""`/Verdicts`: what people and carriers decide at Twilio about brands, campaigns and toll-free numbers."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.products.messaging import VERDICTS, Bench, Ruling
from localloop.rest.request import Binding, Item, Request

_PARAMS: Final = (
    Param(name="Sid", location="body", required=True),
    Param(name="Verdict", location="body", enum=VERDICTS, required=True),
    Param(name="Reason", location="body", max_length=1000),
    Param(name="ErrorCode", location="body", type="integer", minimum=10_000, maximum=99_999),
    Param(name="Score", location="body", type="integer", minimum=0, maximum=100),
    Param(name="EditAllowed", location="body", type="boolean"),
)
_FIELDS: Final = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="status", type="string"),
    Field(name="date_updated", type="string", format="date-time"),
)
RESOURCES: Final = (
    Resource(
        key="lab.v1.Verdict",
        name="Verdict",
        kind="lab/Verdict",
        paths=(
            Path(
                template="/v1/Verdicts",
                role="collection",
                kind="lab/Verdict",
                operations=(
                    Operation(
                        id="lab.v1.CreateVerdict",
                        method="POST",
                        verb="create",
                        body="form",
                        status=201,
                        params=_PARAMS,
                        fields=_FIELDS,
                    ),
                ),
            ),
        ),
    ),
)


def bindings(bench: Bench) -> tuple[Binding, ...]:
    async def judge(request: Request) -> Item:
        """Raises 404 for what is not judged, 409 for a verdict that does not follow its status."""
        params = request.params
        ruling = Ruling(
            sid=params["Sid"],
            verdict=params["Verdict"],
            reason=params.get("Reason") or "",
            error_code=params.get("ErrorCode"),
            score=params.get("Score"),
            edit_allowed=params.get("EditAllowed", True),
        )
        return Item(fields=structs.asdict(await bench.judge(request.account_sid, ruling, request.now)))

    return (Binding(resource="lab.v1.Verdict", operations={"CreateVerdict": judge}),)
