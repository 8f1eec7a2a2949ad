"""The self-hosted communications platform that speaks Twilio's API."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import urlsplit

__all__ = ["__version__", "point_at"]
__version__ = "0.1.0"

AnyClient = TypeVar("AnyClient")


def point_at(client: AnyClient, url: str = "http://127.0.0.1:4010") -> AnyClient:
    """Twilio's Python client, every product of it, speaks to the localloop at `url`; it is given back.

    For programs that name their address themselves, as tests do; `localloop run` needs nothing of the kind.
    """
    base = url.rstrip("/")
    for name, value in vars(type(client)).items():
        domain = getattr(client, name) if isinstance(value, property) else None
        host = urlsplit(str(getattr(domain, "base_url", ""))).hostname or ""
        if domain is not None and host.endswith(".twilio.com"):
            product = host.partition(".")[0]
            # The 2010 API is at the root; the others are folders, since their paths collide.
            domain.base_url = base if product == "api" else f"{base}/{product}"
    return client
