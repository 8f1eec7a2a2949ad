"""Which credentials may manage accounts, keys and tokens: an account's own token and its main keys.

A standard key may do everything else (Twilio's "API keys", key types); a restricted one comes this far only
when its policy holds the permission.
"""

from __future__ import annotations

from typing import Final

from localloop.core import errors
from localloop.rest.request import CredentialKind, Request

MANAGERS: Final[frozenset[CredentialKind]] = frozenset({"account", "main-key", "restricted-key"})


def demand_full_access(request: Request) -> None:
    """Raises 401 / 20003, which is what Twilio answers a standard key, not 403."""
    if request.caller.credential not in MANAGERS:
        raise errors.authenticate()
