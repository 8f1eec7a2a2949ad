"""Usage: how much of what an account used on which day, what that cost, and who is told when it is much.

Products say what was used (`Source`); nothing is counted while it is used, so it costs nothing then.
"""

from localloop.products.usage.record.category import CATEGORIES
from localloop.products.usage.record.resource import bindings
from localloop.products.usage.record.source import Days, Source, Used
from localloop.products.usage.trigger.resource import Triggers
from localloop.products.usage.trigger.resource import binding as trigger_binding
from localloop.products.usage.trigger.watch import Watch

__all__ = ["CATEGORIES", "Days", "Source", "Triggers", "Used", "Watch", "bindings", "trigger_binding"]
