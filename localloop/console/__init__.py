"""The web console: one page over the API's own operations and read-only queries, live by server-sent events."""

from localloop.console.app import Accounts, Console, Parts
from localloop.console.sessions import new_link

__all__ = ["Accounts", "Console", "Parts", "new_link"]
