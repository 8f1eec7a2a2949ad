"""What an operation needs that its parameters' types do not say."""

from __future__ import annotations

from typing import Any

from certificates import key_and_certificate

_AVAILABLE = "/2010-04-01/Accounts/{AccountSid}/AvailablePhoneNumbers/{CountryCode}"

# Path template → path parameters: which country sells which type of number.
PATHS: dict[str, dict[str, str]] = {
    _AVAILABLE: {"CountryCode": "US"},
    f"{_AVAILABLE}/Local": {"CountryCode": "US"},
    "/v1/Archives/{Date}/Calls/{Sid}": {"Date": "2020-01-31"},
    f"{_AVAILABLE}/TollFree": {"CountryCode": "US"},
    f"{_AVAILABLE}/Mobile": {"CountryCode": "GB"},
    f"{_AVAILABLE}/National": {"CountryCode": "GB"},
    f"{_AVAILABLE}/Voip": {"CountryCode": "GB"},
    f"{_AVAILABLE}/SharedCost": {"CountryCode": "DE"},
    f"{_AVAILABLE}/MachineToMachine": {"CountryCode": "NL"},
}
# Operation → parameters with a value of their own; None: left out.
# `{n}` is another number in every request.
_NUMBER: dict[str, Any] = {
    "AddressSid": None,
    "BundleSid": None,
    "IdentitySid": None,
    "TrunkSid": None,
    "AreaCode": None,
}
_CAMPAIGN_TEXTS = ("Description", "MessageFlow", "MessageSamples")
_CAMPAIGN: dict[str, Any] = {
    "Description": "Reminders of appointments for patients of a practice.",
    "MessageFlow": "Patients agree on a form at their first visit, in writing.",
    "MessageSamples": ["Your appointment is tomorrow at 9.", "Your appointment was moved to Friday."],
    **dict.fromkeys(("OptInMessage", "OptOutMessage", "HelpMessage"), "Owl: a message that is long enough."),
}
_CONTENT: dict[str, Any] = {"types": {"twilio/text": {"body": "Hi"}}, "variables": {"1": "you"}}
_RECORDING: dict[str, Any] = {
    "RecordingStatusCallback": "https://example.com/recording",
    "RecordingChannels": "dual",
    "RecordingTrack": "both",
    "Trim": "do-not-trim",
}
_CALL: dict[str, Any] = {
    "To": "+14155550199",
    "CallerId": "+14155550100",
    **_RECORDING,
    **dict.fromkeys(("ApplicationSid", "Twiml", "SendDigits", "MachineDetection", "AsyncAmd", "Byoc")),
    **dict.fromkeys(("SipAuthUsername", "SipAuthPassword")),
}
_CALL |= {
    f"MachineDetection{what}": None
    for what in ("SilenceTimeout", "SpeechEndThreshold", "SpeechThreshold", "Timeout")
}
_PARTICIPANT: dict[str, Any] = {
    "Beep": "onEnter",
    "JitterBufferSize": "small",
    "ConferenceStatusCallback": "https://example.com/conference",
    "ConferenceRecordingStatusCallback": "https://example.com/recording",
    "ConferenceRecord": "record-from-start",
    "ConferenceTrim": "do-not-trim",
    "MaxParticipants": 20,
    **dict.fromkeys(("Coaching", "CallSidToCoach")),
}
PARAMS: dict[str, dict[str, Any]] = {
    "api.v2010.CreateAddress": {"Region": "CA", "PostalCode": "94105"},
    "api.v2010.UpdateAddress": {"Region": "CA", "PostalCode": "94105"},
    "api.v2010.CreateIncomingPhoneNumber": {**_NUMBER, "PhoneNumber": "+1415234{n:04}"},
    "api.v2010.CreateIncomingPhoneNumberLocal": {**_NUMBER, "PhoneNumber": "+1415235{n:04}"},
    "api.v2010.CreateIncomingPhoneNumberTollFree": {**_NUMBER, "PhoneNumber": "+1888581{n:04}"},
    "api.v2010.CreateIncomingPhoneNumberMobile": {**_NUMBER, "PhoneNumber": "+44740012{n:04}"},
    "api.v2010.UpdateIncomingPhoneNumber": {**_NUMBER, "AccountSid": None},
    "accounts.v1.CreateBulkConsents": {
        "Items": [
            '{"contact_id":"+14155550199","correlation_id":"ad388b5a46b33b874b0d41f7226db2ef",'
            '"sender_id":"+14155550100","status":"opt-in","source":"website"}'
        ]
    },
    "accounts.v1.CreateBulkContacts": {
        "Items": [
            '{"contact_id":"+14155550199","correlation_id":"ad388b5a46b33b874b0d41f7226db2ef",'
            '"country_iso_code":"US","zip_code":"94105"}'
        ]
    },
    "accounts.v1.CreateSafelist": {"PhoneNumber": "+1800123{n:04}"},
    "accounts.v1.UpdateMessagingGeopermissions": {
        "Permissions": ['{"country_code":"IN","type":"country","enabled":false}']
    },
    "messaging.v1.FetchDeactivation": {"Date": "2026-01-31"},
    "messaging.v1.CreateService": {"Usecase": "notifications"},
    "messaging.v1.UpdateService": {"Usecase": "marketing"},
    "messaging.v1.CreateAlphaSender": {"AlphaSender": "ACME {n:04}"},
    "messaging.v1.CreateDestinationAlphaSender": {"AlphaSender": "ACME {n:04}", "IsoCountryCode": "FR"},
    "messaging.v1.CreateBrandRegistrations": {"BrandType": "STANDARD"},
    "messaging.v1.CreateBrandVetting": {"VettingId": "cv|1.0|tcr|10dlc|token"},
    "messaging.v1.CreateUsAppToPerson": {**_CAMPAIGN, "UsAppToPersonUsecase": "MARKETING"},
    "messaging.v1.UpdateUsAppToPerson": _CAMPAIGN,
    # A pool, a template and a domain would have to be made first.
    "api.v2010.CreateMessage": {
        "To": "+14155550199",
        **dict.fromkeys(
            ("MessagingServiceSid", "ContentSid", "ContentVariables", "ShortenUrls", "ScheduleType", "SendAt")
        ),
    },
    "api.v2010.CreateUsageTrigger": {"TriggerValue": "1000.000000", "UsageCategory": "sms"},
    "api.v2010.CreatePayments": {
        "BankAccountType": None,  # the method is another
        "IdempotencyKey": "{n}",
        "Input": "dtmf",
        "Timeout": 5,
        "MinPostalCodeLength": 5,
        "Currency": "usd",
        "Parameter": '{{"order":"17"}}',
        "ValidCardTypes": "visa mastercard",
    },
    "insights.v1.UpdateAnnotation": {"CallScore": 4, "QualityIssues": "echo"},
    "api.v2010.UpdateMessage": {"Body": "", "Status": "canceled"},
    "api.v2010.UpdateAccount": {"Status": None},  # a main account cannot change its own
    "iam.v1.CreateOauthAppAccount": {
        "owner_sid": None,
        "policy": {"allow": ["/twilio/messaging/messages/read"]},
    },
    "iam.v1.UpdateOauthAppAccount": {
        "owner_sid": None,
        "policy": {"allow": ["/twilio/messaging/messages/read"]},
    },
    "iam.v1.CreateNewKey": {"Policy": {"allow": ["/twilio/messaging/messages/read"]}},
    "proxy.v1.CreatePhoneNumber": {"PhoneNumber": None},
    "iam.v1.UpdateKey": {"Policy": None},
    "oauth.v1.FetchAuthorize": {"RedirectUri": "https://example.com/back"},
    "preview-iam.v1.FetchAuthorize": {"redirect_uri": "https://example.com/back"},
    # Client credentials come with no refresh token.
    "oauth.v1.CreateToken": {"GrantType": "client_credentials", "RefreshToken": None},
    "oauth.v2.CreateOauth2Token": {"grant_type": "client_credentials", "refresh_token": None},
    "api.v2010.CreateCall": _CALL,
    "api.v2010.CreateCallRecording": _RECORDING,
    "api.v2010.UpdateCallRecording": {"Status": "paused", "PauseBehavior": "skip"},
    "api.v2010.UpdateConferenceRecording": {"Status": "paused", "PauseBehavior": "skip"},
    "api.v2010.CreateStream": {"Name": "ear {n}", "Url": "wss://example.com/ear", "Track": "inbound_track"},
    "api.v2010.CreateUserDefinedMessage": {"Content": '{{"order":"17"}}', "IdempotencyKey": "{n}"},
    "api.v2010.CreateUserDefinedMessageSubscription": {"IdempotencyKey": "{n}"},
    "api.v2010.CreateSiprec": {"Name": "taker {n}"},
    "api.v2010.CreateRealtimeTranscription": {"Name": "notes {n}", "TranscriptionEngine": "google"},
    "api.v2010.UpdateCall": {"Status": "completed", **dict.fromkeys(("Url", "Twiml"))},
    "api.v2010.CreateParticipant": {**_CALL, **_PARTICIPANT, "Label": "guest {n}"},
    "api.v2010.UpdateParticipant": dict.fromkeys(("AnnounceUrl", "Coaching", "CallSidToCoach")),
    "api.v2010.UpdateConference": {"AnnounceUrl": None},
    "api.v2010.CreateQueue": {"MaxSize": 100},
    "api.v2010.UpdateQueue": {"MaxSize": 50},
    "content.v1.CreateContent": _CONTENT,
    "content.v1.UpdateContent": _CONTENT,
    "content.v1.CreateApprovalCreate": {"name": "template_{n}", "category": "UTILITY"},
    "messaging.v2.CreateChannelsSender": {"sender_id": "whatsapp:+1415236{n:04}"},
    "messaging.v1.UpdateDomainCertV4": {"TlsCert": "".join(key_and_certificate("*.example.com"))},
    "messaging.v2.ListChannelsSender": {"Channel": "whatsapp"},
    "trunking.v1.CreateOriginationUrl": {"SipUrl": "sip:trunk@example.com"},
    "trunking.v1.UpdateOriginationUrl": {"SipUrl": "sip:trunk@example.com"},
    "voice.v1.CreateConnectionPolicyTarget": {"Target": "sip:target@example.com"},
    "voice.v1.UpdateConnectionPolicyTarget": {"Target": "sip:target@example.com"},
    "voice.v1.CreateDialingPermissionsCountryBulkUpdate": {
        "UpdateRequest": '[{{"iso_code":"GB","low_risk_numbers_enabled":"true"}}]'
    },
    "voice.v1.CreateIpRecord": {"IpAddress": "198.51.100.7"},
}
# Path parameter whose kind the API has no resource for → what makes such a record.
UNNAMED: dict[str, str] = {"DomainSid": "messaging/LinkDomain"}
# Kind that only activity makes → kind of the record that it shows, and whose id it has.
SHOWN: dict[str, str] = {
    "chat/UserChannel": "chat/Channel",
    "conversations/UserConversation": "conversations/Conversation",
}
# Kind that only activity makes → its fields that name other records.
SEEDS: dict[str, dict[str, str]] = {
    "chat/Binding": {"identity": "chat/User.identity"},
    "events/EventType": {"schema_id": "events/Schema"},
    "taskrouter/Reservation": {"worker_sid": "taskrouter/Worker"},
    # The walk's participants are in another channel.
    "chat/UserChannel": {"member_sid": ""},
    "conversations/ParticipantConversation": {"participant_sid": ""},
    "conversations/UserConversation": {"participant_sid": ""},
}
# Kind that is made within another → that one.
WITHIN: dict[str, str] = {"api/Media": "api/Message"}
# Operation → parameters that must name a record of a kind, or have the value of its field.
_APPLICATIONS = {
    "SmsApplicationSid": "api/Application",
    "VoiceApplicationSid": "api/Application",
    "EmergencyAddressSid": "api/Address",
}
_APP = "iam/OauthAppAccount"
_QUEUES = {"TaskQueueSid": "taskrouter/TaskQueue", "WorkflowSid": "taskrouter/Workflow"}
_ACTIVITIES = {
    "ReservationActivitySid": "taskrouter/Activity",
    "AssignmentActivitySid": "taskrouter/Activity",
}
_TRUNK = {"ConnectionPolicySid": "voice/ConnectionPolicy", "FromDomainSid": "api/SipDomain"}
RECORDS: dict[str, dict[str, str]] = {
    f"api.v2010.{verb}IncomingPhoneNumber{kind}": _APPLICATIONS
    for verb in ("Create", "Update")
    for kind in ("", "Local", "Mobile", "TollFree")
}
RECORDS["api.v2010.CreateIncomingPhoneNumberMobile"] = {**_APPLICATIONS, "AddressSid": "api/Address"}
RECORDS |= {
    "api.v2010.CreateMessage": {
        "From": "api/IncomingPhoneNumber.phone_number",
        "ApplicationSid": "api/Application",
    },
    "api.v2010.CreateCall": {"From": "api/IncomingPhoneNumber.phone_number"},
    "api.v2010.CreateParticipant": {"From": "api/IncomingPhoneNumber.phone_number"},
    "messaging.v1.CreateUsAppToPerson": {"BrandRegistrationSid": "messaging/BrandRegistrations"},
    "messaging.v1.FetchUsAppToPersonUsecase": {"BrandRegistrationSid": "messaging/BrandRegistrations"},
    "messaging.v1.CreateExternalCampaign": {"MessagingServiceSid": "messaging/Service"},
    "messaging.v1.CreateTollfreeVerification": {"TollfreePhoneNumberSid": "api/TollFreeNumber"},
    "messaging.v2.CreateTypingIndicator": {"messageId": "messaging/WhatsappMessage"},
    "conversations.v1.UpdateConfiguration": {"DefaultChatServiceSid": "conversations/Service"},
    "oauth.v1.CreateToken": {"ClientId": _APP, "ClientSecret": f"{_APP}.secret"},
    "oauth.v2.CreateOauth2Token": {"client_id": _APP, "client_secret": f"{_APP}.secret"},
    "marketplace.v1.CreateInstalledAddOn": {"AvailableAddOnSid": "marketplace/AvailableAddOn"},
    "preview.marketplace.CreateMarketplaceInstalledAddOn": {
        "AvailableAddOnSid": "marketplace/AvailableAddOn"
    },
    "taskrouter.v1.CreateTask": _QUEUES,
    "taskrouter.v1.CreateTaskQueue": _ACTIVITIES,
    "taskrouter.v1.UpdateTaskQueue": _ACTIVITIES,
    "taskrouter.v1.CreateWorker": {"ActivitySid": "taskrouter/Activity"},
    "taskrouter.v1.UpdateWorker": {"ActivitySid": "taskrouter/Activity"},
    "voice.v1.CreateByocTrunk": _TRUNK,
    "voice.v1.UpdateByocTrunk": _TRUNK,
    "voice.v1.CreateSourceIpMapping": {"IpRecordSid": "voice/IpRecord", "SipDomainSid": "api/SipDomain"},
    "voice.v1.UpdateSourceIpMapping": {"SipDomainSid": "api/SipDomain"},
    "preview.wireless.UpdateWirelessSim": {"RatePlan": "wireless/RatePlan"},
    "wireless.v1.UpdateSim": {"RatePlan": "wireless/RatePlan"},
}
# Operation → those that must come before it, on the same path.
_CANCEL = ("api.v2010.UpdateMessage", {"Status": "canceled"})
BEFORE: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "accounts.v1.UpdateAuthTokenPromotion": (("accounts.v1.CreateSecondaryAuthToken", {}),),
    "api.v2010.DeleteMessage": (_CANCEL,),
    "api.v2010.DeleteCall": (("api.v2010.UpdateCall", {"Status": "canceled"}),),
}
# Kind whose record goes on, as only activity makes one.
LIVE = frozenset({"api/Call"})
# Deletes of what must have come to its end.
ENDED = frozenset(
    {
        "api.v2010.DeleteRecording",
        "api.v2010.DeleteCallRecording",
        "api.v2010.DeleteConferenceRecording",
    }
)
# Operation → the verdict that its record needs before it, and the kind of record that it needs approved.
VERDICTS = {"messaging.v1.UpdateBrandRegistrations": "reject", "messaging.v1.UpdateUsAppToPerson": "reject"}
APPROVED = {"messaging.v1.CreateUsAppToPerson": "messaging/BrandRegistrations"}
# Deletes of what its parent has one of: there is no other to delete.
ALONE = frozenset({"messaging.v1.DeleteTollfreeVerification", "messaging.v1.DeleteUsAppToPerson"})
# What anybody may fetch who knows the address: media of messages, unless the account asks for authentication.
PUBLIC = frozenset({"api.v2010.FetchMedia"})
# After the first two nobody is in the walk's conference and its call is over; after the third its own credentials are
# void; the fourth's content can no longer be changed; the fifth takes the place of a campaign that must be gone.
LAST = frozenset(
    {
        "api.v2010.UpdateConference",
        "api.v2010.UpdateCall",
        "accounts.v1.UpdateAuthTokenPromotion",
        "content.v1.CreateApprovalCreate",
        "messaging.v1.CreateExternalCampaign",
    }
)
# Operation → parameter → the code that refuses it, where it is not 20001.
_METHODS = dict.fromkeys(
    ("SmsFallbackMethod", "SmsMethod", "StatusCallbackMethod", "VoiceFallbackMethod", "VoiceMethod"), 21403
)
_CALL_METHODS = dict.fromkeys(("Method", "FallbackMethod", "StatusCallbackMethod"), 21209)
CODES: dict[str, dict[str, int]] = {
    "api.v2010.CreateCall": {**_CALL_METHODS, "To": 21201, "From": 21213, "Url": 21205},
    "api.v2010.UpdateCall": _CALL_METHODS,
    "messaging.v1.FetchDeactivation": {"Date": 30115},
    "api.v2010.CreateApplication": _METHODS,
    "api.v2010.UpdateApplication": _METHODS,
    "api.v2010.UpdateIncomingPhoneNumber": _METHODS,
    "api.v2010.UpdateShortCode": _METHODS,
    "api.v2010.UpdateAccount": {"Status": 21475},
    "api.v2010.CreateValidationRequest": {"PhoneNumber": 21401},
    "messaging.v1.CreateUsAppToPerson": dict.fromkeys(_CAMPAIGN_TEXTS, 21727),
    "messaging.v1.UpdateUsAppToPerson": dict.fromkeys(_CAMPAIGN_TEXTS, 21727),
    "api.v2010.CreateMessage": {
        "To": 21604,
        "From": 21603,
        "Body": 21602,
        "ScheduleType": 35126,
        "ContentRetention": 30029,
        "AddressRetention": 30030,
    },
}
CODES |= {
    f"api.v2010.CreateIncomingPhoneNumber{kind}": {**_METHODS, "PhoneNumber": 21421}
    for kind in ("", "Local", "Mobile", "TollFree")
}
