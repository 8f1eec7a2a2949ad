"""What leaves by HTTP: one outbound client and its address guard; sign, send, retry, fall back, record."""

from localloop.payloads.signature import signature
from localloop.webhooks.alerts import Alert
from localloop.webhooks.cookies import Jar
from localloop.webhooks.download import Download, Downloaded, NotDownloaded
from localloop.webhooks.failure import Failure
from localloop.webhooks.forgetting import FORGET, Forgotten, forget, forget_again
from localloop.webhooks.guard import SERVE, UP, AddressPolicy, networks
from localloop.webhooks.instruction import Document, Instruction
from localloop.webhooks.notification import KIND, Notification
from localloop.webhooks.outbound import Outbound, Outgoing, Response
from localloop.webhooks.preferences import Preferences
from localloop.webhooks.tampering import Disturbance, Disturbs, Going, Trick
from localloop.webhooks.tls import Tls
from localloop.webhooks.webhooks import SigningKey, Webhooks

__all__ = [
    "FORGET",
    "KIND",
    "SERVE",
    "UP",
    "AddressPolicy",
    "Alert",
    "Disturbance",
    "Disturbs",
    "Document",
    "Download",
    "Downloaded",
    "Failure",
    "Forgotten",
    "Going",
    "Instruction",
    "Jar",
    "NotDownloaded",
    "Notification",
    "Outbound",
    "Outgoing",
    "Preferences",
    "Response",
    "SigningKey",
    "Tls",
    "Trick",
    "Webhooks",
    "forget",
    "forget_again",
    "networks",
    "signature",
]
