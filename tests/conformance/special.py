"""What an operation needs that its parameters' types do not say."""

from __future__ import annotations

from typing import Any

_AVAILABLE = "/2010-04-01/Accounts/{AccountSid}/AvailablePhoneNumbers/{CountryCode}"

# Path template → path parameters: which country sells which type of number.
PATHS: dict[str, dict[str, str]] = {
    _AVAILABLE: {"CountryCode": "US"},
    f"{_AVAILABLE}/Local": {"CountryCode": "US"},
    f"{_AVAILABLE}/TollFree": {"CountryCode": "US"},
    f"{_AVAILABLE}/Mobile": {"CountryCode": "GB"},
    f"{_AVAILABLE}/National": {"CountryCode": "GB"},
    f"{_AVAILABLE}/Voip": {"CountryCode": "GB"},
    f"{_AVAILABLE}/SharedCost": {"CountryCode": "DE"},
    f"{_AVAILABLE}/MachineToMachine": {"CountryCode": "NL"},
}
# Operation → parameters with a value of their own; None: left out.
_NUMBER: dict[str, Any] = {
    "AddressSid": None,
    "BundleSid": None,
    "IdentitySid": None,
    "TrunkSid": None,
    "EmergencyAddressSid": None,
    "AreaCode": None,
}
PARAMS: dict[str, dict[str, Any]] = {
    "api.v2010.CreateAddress": {"Region": "CA", "PostalCode": "94105"},
    "api.v2010.UpdateAddress": {"Region": "CA", "PostalCode": "94105"},
    "api.v2010.CreateIncomingPhoneNumber": {**_NUMBER, "PhoneNumber": "+14152345678"},
    "api.v2010.CreateIncomingPhoneNumberLocal": {**_NUMBER, "PhoneNumber": "+14152345679"},
    "api.v2010.CreateIncomingPhoneNumberTollFree": {**_NUMBER, "PhoneNumber": "+18885818785"},
    "api.v2010.CreateIncomingPhoneNumberMobile": {**_NUMBER, "PhoneNumber": "+447400123456"},
    "api.v2010.UpdateIncomingPhoneNumber": {**_NUMBER, "AccountSid": None},
    "iam.v1.CreateOauthAppAccount": {"policy": {"allow": ["/twilio/messaging/messages/read"]}},
    "iam.v1.UpdateOauthAppAccount": {"policy": {"allow": ["/twilio/messaging/messages/read"]}},
    "iam.v1.CreateNewKey": {"Policy": None},
    "iam.v1.UpdateKey": {"Policy": None},
    "oauth.v1.CreateToken": {"grant_type": "client_credentials"},
    "oauth.v2.CreateOauth2Token": {"grant_type": "client_credentials"},
    "trunking.v1.CreateOriginationUrl": {"SipUrl": "sip:trunk@example.com"},
    "trunking.v1.UpdateOriginationUrl": {"SipUrl": "sip:trunk@example.com"},
    "voice.v1.CreateConnectionPolicyTarget": {"Target": "sip:target@example.com"},
    "voice.v1.UpdateConnectionPolicyTarget": {"Target": "sip:target@example.com"},
}
# Operation → parameters that must name a record of a kind, or have the value of its field.
_APPLICATIONS = {"SmsApplicationSid": "api/Application", "VoiceApplicationSid": "api/Application"}
RECORDS: dict[str, dict[str, str]] = {
    f"api.v2010.{verb}IncomingPhoneNumber{kind}": _APPLICATIONS
    for verb in ("Create", "Update")
    for kind in ("", "Local", "Mobile", "TollFree")
}
RECORDS["api.v2010.CreateIncomingPhoneNumberMobile"] = {**_APPLICATIONS, "AddressSid": "api/Address"}
RECORDS["api.v2010.CreateMessage"] = {
    "From": "api/IncomingPhoneNumber.phone_number",
    "ApplicationSid": "api/Application",
}
# Operation → those that must come before it, on the same path.
_CANCEL = ("api.v2010.UpdateMessage", {"Status": "canceled"})
BEFORE: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "accounts.v1.UpdateAuthTokenPromotion": (("accounts.v1.CreateSecondaryAuthToken", {}),),
    "api.v2010.DeleteMessage": (_CANCEL,),
}
# After these the walk's own credentials are void.
LAST = frozenset({"accounts.v1.UpdateAuthTokenPromotion"})
# Operation → parameter → the code that refuses it, where it is not 20001.
CODES: dict[str, dict[str, int]] = {}
