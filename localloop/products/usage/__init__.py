"""Usage: how much of what an account used on which day, and what that cost.

Products say what was used (`Source`); nothing is counted while it is used, so it costs nothing then.
"""

from localloop.products.usage.record.category import CATEGORIES
from localloop.products.usage.record.resource import bindings
from localloop.products.usage.record.source import Days, Source, Used

__all__ = ["CATEGORIES", "Days", "Source", "Used", "bindings"]
