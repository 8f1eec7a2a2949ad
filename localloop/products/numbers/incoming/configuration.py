"""The settings of an owned number: what a new one has, what may be set, and what rules out what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localloop.core import e164, errors
from localloop.products.numbers import webhook_rules
from localloop.products.numbers.inventory import Listing

MAX_FRIENDLY_NAME: Final = 64

URLS: Final = {
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback_url",
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
}
METHODS: Final = {
    "SmsMethod": "sms_method",
    "SmsFallbackMethod": "sms_fallback_method",
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
}
APPLICATIONS: Final = {
    "SmsApplicationSid": "sms_application_sid",
    "VoiceApplicationSid": "voice_application_sid",
}
_REFERENCES: Final = {  # cleared to null
    "TrunkSid": "trunk_sid",
    "AddressSid": "address_sid",
    "EmergencyAddressSid": "emergency_address_sid",
    "IdentitySid": "identity_sid",
    "BundleSid": "bundle_sid",
}
_OTHERS: Final = {
    "ApiVersion": "api_version",
    "VoiceCallerIdLookup": "voice_caller_id_lookup",
    "VoiceReceiveMode": "voice_receive_mode",
    "EmergencyStatus": "emergency_status",
}
# What belongs to an account, and does not follow a number to another one.
_ACCOUNT_BOUND: Final = {"sms_application_sid": "", "voice_application_sid": ""} | dict.fromkeys(
    _REFERENCES.values()
)


def initial(phone_number: str, listing: Listing | None) -> dict[str, Any]:
    """The settings of a number that was just bought, as Twilio's examples show them."""
    return {
        "friendly_name": friendly_name(phone_number),
        "address_requirements": listing.address_requirements if listing else "none",
        "beta": listing.beta if listing else False,
        "api_version": "2010-04-01",
        "origin": "twilio",
        "status": "in-use",
        "sms_url": "",
        "sms_fallback_url": "",
        "voice_url": None,
        "voice_fallback_url": None,
        "status_callback": "",
        **dict.fromkeys(METHODS.values(), "POST"),
        "voice_caller_id_lookup": False,
        "voice_receive_mode": "voice",
        "emergency_status": "Active",
        "emergency_address_status": "unregistered",
        **_ACCOUNT_BOUND,
    }


def friendly_name(phone_number: str) -> str:
    """`(415) 555-0123` in North America; elsewhere the number itself."""
    return e164.national(phone_number) if phone_number.startswith("+1") else phone_number


def configured(current: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings after a request. Raises 21402, 21403, 21405, 21406 and for a long name."""
    sent = webhook_rules.check(params, URLS, METHODS)
    for name, field in APPLICATIONS.items():
        if name in params:
            sent[field] = params[name] or ""
    for name, field in _REFERENCES.items():
        if name in params:
            sent[field] = params[name] or None
    for name, field in _OTHERS.items():
        if params.get(name) not in (None, ""):
            sent[field] = params[name]
    if "FriendlyName" in params:
        sent["friendly_name"] = params["FriendlyName"]
        if len(params["FriendlyName"]) > MAX_FRIENDLY_NAME:
            raise errors.invalid_friendly_name()
    after = {**current, **sent, **_ruled_out(sent)}
    _check_fallbacks(after, sent)
    return after


def moved(current: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that follow a number to another account: addresses of webhooks, nothing that the old one owns."""
    return {**current, **_ACCOUNT_BOUND, "emergency_address_status": "unregistered"}


def _ruled_out(sent: Mapping[str, Any]) -> dict[str, Any]:
    """A trunk takes all calls, so it and a voice application remove each other; the trunk wins."""
    changes: dict[str, Any] = {}
    if sent.get("trunk_sid"):
        changes["voice_application_sid"] = ""
    elif sent.get("voice_application_sid"):
        changes["trunk_sid"] = None
    if "emergency_address_sid" in sent:
        changes["emergency_address_status"] = (
            "registered" if sent["emergency_address_sid"] else "unregistered"
        )
    return changes


def _check_fallbacks(after: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
    """A fallback needs something to stand in for; what was set long ago is not judged again."""
    if sent.get("voice_fallback_url") and not (after["voice_url"] or after["voice_application_sid"]):
        raise errors.voice_fallback_without_url()
    if sent.get("sms_fallback_url") and not (after["sms_url"] or after["sms_application_sid"]):
        raise errors.sms_fallback_without_url()
