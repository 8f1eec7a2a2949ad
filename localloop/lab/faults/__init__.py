"""What goes wrong on purpose: rules of a world, decided by a seed, applied where the real thing would go wrong."""

from localloop.lab.faults.api import ApiFaults
from localloop.lab.faults.book import Faults
from localloop.lab.faults.carrier import FaultyCarrier
from localloop.lab.faults.chaos import rules_of
from localloop.lab.faults.operations import Operations, bindings
from localloop.lab.faults.queries import CHANNEL, KEPT_FOR, prune
from localloop.lab.faults.rule import KINDS, Rule
from localloop.lab.faults.webhook import WebhookFaults

__all__ = [
    "CHANNEL",
    "KEPT_FOR",
    "KINDS",
    "ApiFaults",
    "Faults",
    "FaultyCarrier",
    "Operations",
    "Rule",
    "WebhookFaults",
    "bindings",
    "prune",
    "rules_of",
]
