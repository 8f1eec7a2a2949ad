"""Phone numbers: what is for sale, what is owned, and the resources that numbers depend on.

Other products use what is named here: `Directory` finds and adopts owners, `sms_webhook` says whom a text is reported
to, `confirm` and `is_verified` are about verified numbers of others, `add_short_code` leases a short code,
`attachable` finds what another product attaches, `numbering_plan` reads a country's numbering plan,
`is_url` says what a webhook's address may look like.
"""

from localloop.products.numbers.application import Application, sms_webhook, voice_webhook
from localloop.products.numbers.application import find as find_application
from localloop.products.numbers.application import find_public as find_public_application
from localloop.products.numbers.attaching import attachable
from localloop.products.numbers.caller_id import OutgoingCallerId, confirm, is_verified
from localloop.products.numbers.directory import CHANNEL, Changes, Directory
from localloop.products.numbers.needs import Needs
from localloop.products.numbers.numbering import Node as NumberingNode
from localloop.products.numbers.numbering import plan as numbering_plan
from localloop.products.numbers.ownership import Owned, Webhook
from localloop.products.numbers.short_code import add as add_short_code
from localloop.products.numbers.surface import bindings, test_answers
from localloop.products.numbers.webhook_rules import is_url

__all__ = [
    "CHANNEL",
    "Application",
    "Changes",
    "Directory",
    "Needs",
    "NumberingNode",
    "OutgoingCallerId",
    "Owned",
    "Webhook",
    "add_short_code",
    "attachable",
    "bindings",
    "confirm",
    "find_application",
    "find_public_application",
    "is_url",
    "is_verified",
    "numbering_plan",
    "sms_webhook",
    "test_answers",
    "voice_webhook",
]
