"""Programs written for Twilio reach localloop without a change: an intercepting proxy and its authority."""

from localloop.intercept.authority import Authority, AuthorityUnusable, ensure, load
from localloop.intercept.proxy import Inside, Proxy, is_ours
from localloop.intercept.upstream import OWN, Routes, routes

__all__ = [
    "OWN",
    "Authority",
    "AuthorityUnusable",
    "Inside",
    "Proxy",
    "Routes",
    "ensure",
    "is_ours",
    "load",
    "routes",
]
