"""Auth tokens for tests."""

from __future__ import annotations

TOKEN = "0123456789abcdef0123456789abcdef"


class Keys:
    """Every account signs with the same token, but for those that are gone."""

    def __init__(self, *gone: str) -> None:
        self._gone = gone

    async def signing_token(self, account_sid: str) -> str | None:
        return None if account_sid in self._gone else TOKEN
