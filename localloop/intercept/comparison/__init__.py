"""A recording replayed here, and what differs in shape, status, headers, paging and callbacks. No network here."""

from localloop.intercept.comparison.difference import Difference, Report, Skipped
from localloop.intercept.comparison.replay import Callbacks, Target, Text, compare

__all__ = ["Callbacks", "Difference", "Report", "Skipped", "Target", "Text", "compare"]
