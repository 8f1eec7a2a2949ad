"""What a fallback URL is told besides what the first URL was told."""

from __future__ import annotations

from typing import Annotated

from localloop.payloads import part
from localloop.payloads.part import Part, said


class Fallback(Part, frozen=True, kw_only=True):
    """Why this URL is asked and not the first one."""

    error_code: Annotated[
        str,
        said("What was wrong with the first URL", "11200", when="a fallback URL is asked", pattern=part.CODE),
    ]
    error_url: Annotated[
        str, said("The first URL", "https://example.com/sms", when="a fallback URL is asked")
    ]
