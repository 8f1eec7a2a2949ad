"""Contents: messages written once, rendered for every channel, and approved by WhatsApp where that is needed."""

from localloop.products.content.approval import STATUSES
from localloop.products.content.contents import Contents
from localloop.products.content.operations import Operations, bindings
from localloop.products.content.render import NoSuchType, Rendered
from localloop.products.content.review import REVIEW, Owner, Reviews

__all__ = [
    "REVIEW",
    "STATUSES",
    "Contents",
    "NoSuchType",
    "Operations",
    "Owner",
    "Rendered",
    "Reviews",
    "bindings",
]
