"""The settings of a number: defaults of Twilio's examples, precedence and clearing (Twilio's reference)."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.core.errors import ApiError
from localloop.products.numbers import webhook_rules
from localloop.products.numbers.incoming import configuration

NUMBER = "+14152345678"
APPLICATION = "AP" + "a" * 32
TRUNK = "TK" + "b" * 32


def after(*requests: dict[str, Any]) -> dict[str, Any]:
    settings = configuration.initial(NUMBER, None)
    for params in requests:
        settings = configuration.configured(settings, params)
    return settings


def refusal(*requests: dict[str, Any]) -> int:
    with pytest.raises(ApiError) as refused:
        after(*requests)
    return refused.value.code


def test_a_new_number() -> None:
    settings = after({})
    assert settings["friendly_name"] == "(415) 234-5678"
    assert {settings[field] for field in configuration.METHODS.values()} == {"POST"}
    assert (settings["sms_url"], settings["voice_url"], settings["trunk_sid"]) == ("", None, None)
    assert (settings["origin"], settings["status"], settings["voice_receive_mode"]) == (
        "twilio",
        "in-use",
        "voice",
    )


def test_abroad_a_number_is_its_own_name() -> None:
    assert configuration.initial("+442079460018", None)["friendly_name"] == "+442079460018"


def test_every_setting_is_kept() -> None:
    sent = {
        "FriendlyName": "Desk",
        "ApiVersion": "2008-08-01",
        "SmsUrl": "https://example.com/sms",
        "SmsFallbackUrl": "https://example.com/sms2",
        "SmsMethod": "get",
        "SmsFallbackMethod": "GET",
        "VoiceUrl": "http://example.com/voice?a=b",
        "VoiceFallbackUrl": "http://example.com/voice2",
        "VoiceMethod": "GET",
        "VoiceFallbackMethod": "GET",
        "StatusCallback": "https://example.com/status",
        "StatusCallbackMethod": "GET",
        "VoiceCallerIdLookup": True,
        "VoiceReceiveMode": "fax",
        "EmergencyStatus": "Inactive",
        "AddressSid": "AD" + "1" * 32,
        "EmergencyAddressSid": "AD" + "2" * 32,
        "IdentitySid": "RI" + "3" * 32,
        "BundleSid": "BU" + "4" * 32,
        "SmsApplicationSid": APPLICATION,
    }
    settings = after(sent)
    assert settings["sms_method"] == "GET"
    assert settings["emergency_address_status"] == "registered"
    for name, value in sent.items():
        field = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
        assert settings[field] == value or name == "SmsMethod"


def test_an_empty_string_clears() -> None:
    settings = after(
        {
            "SmsUrl": "https://example.com",
            "SmsMethod": "GET",
            "SmsApplicationSid": APPLICATION,
            "TrunkSid": TRUNK,
        },
        {"SmsUrl": "", "SmsMethod": "", "SmsApplicationSid": "", "TrunkSid": ""},
    )
    assert settings == after({})


def test_what_was_not_sent_stays() -> None:
    settings = after({"SmsUrl": "https://example.com"}, {"VoiceUrl": "https://example.org"})
    assert (settings["sms_url"], settings["voice_url"]) == ("https://example.com", "https://example.org")


def test_a_trunk_and_a_voice_application_remove_each_other() -> None:
    trunk_last = after({"VoiceApplicationSid": APPLICATION}, {"TrunkSid": TRUNK})
    assert (trunk_last["trunk_sid"], trunk_last["voice_application_sid"]) == (TRUNK, "")
    application_last = after({"TrunkSid": TRUNK}, {"VoiceApplicationSid": APPLICATION})
    assert (application_last["trunk_sid"], application_last["voice_application_sid"]) == (None, APPLICATION)
    both = after({"TrunkSid": TRUNK, "VoiceApplicationSid": APPLICATION})
    assert (both["trunk_sid"], both["voice_application_sid"]) == (TRUNK, "")


@pytest.mark.parametrize("name", configuration.URLS)
@pytest.mark.parametrize("url", ["example.com", "ftp://example.com", "http://", "not a url", "https://a b"])
def test_bad_urls(name: str, url: str) -> None:
    assert refusal({name: url}) == 21402


@pytest.mark.parametrize("name", configuration.METHODS)
def test_bad_methods(name: str) -> None:
    assert refusal({name: "PUT"}) == 21403


def test_a_fallback_needs_something_to_stand_in_for() -> None:
    assert refusal({"VoiceFallbackUrl": "https://example.com"}) == 21405
    assert refusal({"SmsFallbackUrl": "https://example.com"}) == 21406
    assert after({"VoiceApplicationSid": APPLICATION, "VoiceFallbackUrl": "https://example.com"})
    assert after({"SmsUrl": "https://example.org"}, {"SmsFallbackUrl": "https://example.com"})


def test_names_have_at_most_64_characters() -> None:
    assert after({"FriendlyName": "x" * 64})
    with pytest.raises(ApiError):
        after({"FriendlyName": "x" * 65})


def test_a_number_moves_without_what_its_old_account_owns() -> None:
    settings = after({"SmsUrl": "https://example.com", "SmsApplicationSid": APPLICATION, "TrunkSid": TRUNK})
    moved = configuration.moved(settings)
    assert moved["sms_url"] == "https://example.com"
    assert (moved["sms_application_sid"], moved["trunk_sid"]) == ("", None)


def test_refusals_say_which_parameter_is_wrong() -> None:
    refusals = webhook_rules.refusals(configuration.URLS, configuration.METHODS)
    assert "SmsUrl" in str(refusals["SmsUrl"]("x"))
    assert "VoiceMethod" in str(refusals["VoiceMethod"]("x"))
