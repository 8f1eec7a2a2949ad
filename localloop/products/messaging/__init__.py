"""Messages: accepted, delivered, received and answered."""

from localloop.products.messaging.channel.incoming import Said
from localloop.products.messaging.channel.lifecycle import STATUSES as SENDER_STATUSES
from localloop.products.messaging.channel.sender import ChannelSender
from localloop.products.messaging.consent.deactivations import FILES as DEACTIVATION_FILES
from localloop.products.messaging.link.following import Following, is_short_link
from localloop.products.messaging.link.queries import Domain
from localloop.products.messaging.media.addresses import PREFIX as FILES
from localloop.products.messaging.media.addresses import Addresses
from localloop.products.messaging.media.serving import Files
from localloop.products.messaging.message.compose import Rules
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.messaging import Keeping, Messaging
from localloop.products.messaging.service.resource import bindings as service_bindings

__all__ = [
    "DEACTIVATION_FILES",
    "FILES",
    "SENDER_STATUSES",
    "Addresses",
    "ChannelSender",
    "Domain",
    "Files",
    "Following",
    "Keeping",
    "Message",
    "Messaging",
    "Rules",
    "Said",
    "is_short_link",
    "service_bindings",
]
