"""Contents as messages use them: rendered for a channel, and what WhatsApp says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop.core import errors, sids
from localloop.products.content import approval, queries
from localloop.products.content.render import BadVariables, Rendered, render, variables_of
from localloop.store import Database
from localloop.store.reader import BatchReader


class Contents:
    """Reads contents, those of many messages at once."""

    def __init__(self, database: Database) -> None:
        self._data: BatchReader[tuple[str, str], Mapping[str, Any] | None] = BatchReader(
            database, queries.data_of
        )

    async def close(self) -> None:
        await self._data.close()

    async def rendered(
        self, account_sid: str, content_sid: str, variables: str | None, channel: str
    ) -> Rendered:
        """Raises 21655 for an unknown content, 21656 for variables that are no JSON object, NoSuchType."""
        found = None
        if sids.is_sid(content_sid, "HX"):
            found = await self._data.read((account_sid, content_sid))
        if found is None:
            raise errors.invalid_content_sid()
        try:
            values = variables_of(variables)
        except BadVariables:
            raise errors.invalid_content_variables() from None
        return render(found.get("types") or {}, found.get("variables") or {}, values, channel)

    async def approval(self, account_sid: str, content_sid: str) -> str | None:
        """WhatsApp's word on it; None for one that is gone."""
        found = await self._data.read((account_sid, content_sid))
        return None if found is None else approval.status_of(found)
