"""Categories of usage as data: what is used is counted in one, and in all that it belongs to (Twilio: "Usage Records",
usage categories)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

TOTAL: Final = "totalprice"


class Category(Struct, frozen=True):
    name: str
    description: str
    parent: str = TOTAL
    unit: str = "messages"
    usage_unit: str = ""  # where it is another


def _calls(name: str, description: str, parent: str = TOTAL) -> Category:
    return Category(name, description, parent, "calls", "minutes")


CATEGORIES: Final[Mapping[str, Category]] = {
    category.name: category
    for category in (
        Category(TOTAL, "Total Price", "", ""),
        Category("sms", "SMS"),
        Category("sms-inbound", "Inbound SMS", "sms"),
        Category("sms-inbound-longcode", "Inbound Long Code SMS", "sms-inbound"),
        Category("sms-inbound-shortcode", "Short Code Inbound SMS", "sms-inbound"),
        Category("sms-inbound-tollfree", "Inbound Toll-Free SMS", "sms-inbound"),
        Category("sms-outbound", "Outbound SMS", "sms"),
        Category("sms-outbound-longcode", "Outbound Long Code SMS", "sms-outbound"),
        Category("sms-outbound-shortcode", "Short Code Outbound SMS", "sms-outbound"),
        Category("sms-outbound-tollfree", "Outbound Toll-Free SMS", "sms-outbound"),
        Category("mms", "MMS"),
        Category("mms-inbound", "Inbound MMS", "mms"),
        Category("mms-inbound-longcode", "Inbound Long Code MMS", "mms-inbound"),
        Category("mms-inbound-shortcode", "Short Code Inbound MMS", "mms-inbound"),
        Category("mms-inbound-toll-free", "Inbound Toll-Free MMS", "mms-inbound"),
        Category("mms-outbound", "Outbound MMS", "mms"),
        Category("mms-outbound-longcode", "Outbound Long Code MMS", "mms-outbound"),
        Category("mms-outbound-shortcode", "Short Code Outbound MMS", "mms-outbound"),
        Category("mms-outbound-tollfree", "Outbound Toll-Free MMS", "mms-outbound"),
        Category("channels", "Channels"),
        Category("channels-messaging-inbound", "Channels Inbound Messages", "channels"),
        Category("channels-messaging-outbound", "Channels Outbound Messages", "channels"),
        Category("channels-whatsapp", "WhatsApp", "channels"),
        Category("channels-whatsapp-inbound", "WhatsApp Inbound", "channels-whatsapp"),
        Category("channels-whatsapp-outbound", "WhatsApp Outbound", "channels-whatsapp"),
        Category("rcs-messages", "RCS Messages"),
        _calls("calls", "Voice Minutes"),
        _calls("calls-client", "Client Calls", "calls"),
        _calls("calls-inbound", "Inbound Voice Minutes", "calls"),
        _calls("calls-inbound-local", "Inbound Local Calls", "calls-inbound"),
        _calls("calls-inbound-mobile", "Inbound Mobile Calls", "calls-inbound"),
        _calls("calls-inbound-tollfree", "Inbound Toll Free Calls", "calls-inbound"),
        _calls("calls-outbound", "Outbound Voice Minutes", "calls"),
        _calls("calls-sip", "SIP Minutes", "calls"),
        _calls("calls-sip-inbound", "Inbound SIP Minutes", "calls-sip"),
        _calls("calls-sip-outbound", "Outbound SIP Minutes", "calls-sip"),
        Category("calls-recordings", "Call Recordings", TOTAL, "recordings", "minutes"),
        Category("transcriptions", "Transcriptions", TOTAL, "transcriptions", "minutes"),
    )
}


def lineage(name: str) -> tuple[str, ...]:
    """The category, and all that it belongs to."""
    above: list[str] = []
    while name:
        above.append(name)
        name = CATEGORIES[name].parent
    return tuple(above)
