"""What most of the lab's resources have in common: how a list is paged, what names a record, when and where it is."""

from __future__ import annotations

from typing import Final

from localloop.contract.model import Field, Param

PAGING: Final = (
    Param(name="PageSize", location="query", type="integer", minimum=1, maximum=1000),
    Param(name="Page", location="query", type="integer", minimum=0),
    Param(name="PageToken", location="query"),
)
SID: Final = Param(name="Sid", location="path", required=True)
CREATED: Final = Field(name="date_created", type="string", format="date-time")
DATES: Final = (CREATED, Field(name="date_updated", type="string", format="date-time"))
URL: Final = Field(name="url", type="string", format="uri", source="url")
