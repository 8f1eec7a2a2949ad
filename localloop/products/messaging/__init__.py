"""Messages: accepted, delivered, received and answered; the services that choose their senders, and registrations.

Other packages use what is named here: `service_bindings` and `compliance_bindings` serve resources beside the messages,
`Bench` passes the verdicts that registrations wait for.
"""

from localloop.products.messaging.channel.incoming import Said, Texted
from localloop.products.messaging.channel.lifecycle import STATUSES as SENDER_STATUSES
from localloop.products.messaging.channel.sender import ChannelSender
from localloop.products.messaging.compliance.judging import JUDGE, Bench, Ruling
from localloop.products.messaging.compliance.lifecycle import VERDICTS
from localloop.products.messaging.compliance.surface import bindings as compliance_bindings
from localloop.products.messaging.consent.deactivations import FILES as DEACTIVATION_FILES
from localloop.products.messaging.consent.queries import CHANNEL as _CONSENT
from localloop.products.messaging.link.following import Following, is_short_link
from localloop.products.messaging.link.queries import FAILURES as LINK_FAILURES
from localloop.products.messaging.link.queries import Domain
from localloop.products.messaging.media.addresses import PREFIX as FILES
from localloop.products.messaging.media.addresses import Addresses
from localloop.products.messaging.media.serving import Files
from localloop.products.messaging.message.compose import Draft, Origin, Rules
from localloop.products.messaging.message.debugger import notice_of
from localloop.products.messaging.message.outcome import INBOUND
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.message.used import used as messages_used
from localloop.products.messaging.message.wish import Wanted
from localloop.products.messaging.messaging import Keeping, Messaging
from localloop.products.messaging.permissions.queries import CHANNEL as _PERMISSIONS
from localloop.products.messaging.permissions.queries import PHONES as _PHONES
from localloop.products.messaging.service.resource import bindings as service_bindings

# Where other machines hear that what they remember of consent and permissions is void.
REMEMBERED = (_CONSENT, _PERMISSIONS, _PHONES)

__all__ = [
    "DEACTIVATION_FILES",
    "FILES",
    "INBOUND",
    "JUDGE",
    "LINK_FAILURES",
    "REMEMBERED",
    "SENDER_STATUSES",
    "VERDICTS",
    "Addresses",
    "Bench",
    "ChannelSender",
    "Domain",
    "Draft",
    "Files",
    "Following",
    "Keeping",
    "Message",
    "Messaging",
    "Origin",
    "Rules",
    "Ruling",
    "Said",
    "Texted",
    "Wanted",
    "compliance_bindings",
    "is_short_link",
    "messages_used",
    "notice_of",
    "service_bindings",
]
