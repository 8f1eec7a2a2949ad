"""Messages: accepted, delivered, received and answered."""

from localloop.products.messaging.consent.deactivations import FILES as DEACTIVATION_FILES
from localloop.products.messaging.message.compose import Rules
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.messaging import Messaging
from localloop.products.messaging.service.resource import bindings as service_bindings

__all__ = ["DEACTIVATION_FILES", "Message", "Messaging", "Rules", "service_bindings"]
