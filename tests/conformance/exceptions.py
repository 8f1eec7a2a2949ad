"""What does not pass every judgement, each with its reason: together less than 3 % of the operations."""

from __future__ import annotations

from localloop.contract import load

# Operation → why.
_LOG = "its filter Log takes a number and the field is text: a text that does not pass is refused, not sifted"
EXCEPTIONS: dict[str, str] = {
    "api.v2010.ListNotification": _LOG,
    "api.v2010.ListCallNotification": _LOG,
    "verify.v2.CreateNewFactorPasskey": (
        "its url is a factor's of the entity, which exists once somebody has verified it with a device"
    ),
    "events.v1.CreateSinkValidate": "whether the test event arrived is not known where none was sent",
}
# Addresses that Twilio's own examples show and none of its documents describes: shown as there, answered 404.
# Product and template of the contract → why. Every operation that shows one is an exception.
_REMOVED = "a subresource that Twilio has removed from its documents"
_REDIRECT = "leads to the bytes of what was recorded; nothing is recorded by a plain resource"
_INDEX = "an index of the paths below it, for which no document says what it answers"
_BETA = "a subresource of a beta that no document describes"
UNDESCRIBED: dict[str, str] = {
    "api /2010-04-01/Accounts/{Sid}/SIP": _INDEX,
    "api /2010-04-01/Accounts/{Sid}/SMS": _INDEX,
    "api /2010-04-01/Accounts/{Sid}/Usage": _INDEX,
    "api /2010-04-01/Accounts/{AccountSid}/SIP/Domains/{Sid}/Auth": _INDEX,
    "conversations /v1/Conversations/{Sid}/Export": _BETA,
    "conversations /v1/Services/{ChatServiceSid}/Conversations/{Sid}/Export": _BETA,
    "conversations /v1/Conversations/{ConversationSid}/Messages/{Sid}/ChannelMetadata": _BETA,
    "conversations /v1/Services/{ChatServiceSid}/Conversations/{ConversationSid}/Messages/{Sid}/ChannelMetadata": _BETA,
    "messaging /v1/Services/{Sid}/Messages": _REMOVED,
    "notify /v1/Services/{Sid}/Segments": _REMOVED,
    "notify /v1/Services/{Sid}/Users": _REMOVED,
    "video /v1/Compositions/{Sid}/Media": _REDIRECT,
    "video /v1/Recordings/{Sid}/Media": _REDIRECT,
    "video /v1/Rooms/{RoomSid}/Recordings/{Sid}/Media": _REDIRECT,
}
# Parameters whose namesake in the answer says what became of each item, not what was asked: operation and parameter.
OUTCOMES = frozenset(
    {
        ("accounts.v1.CreateBulkConsents", "Items"),
        ("accounts.v1.CreateBulkContacts", "Items"),
        ("accounts.v1.UpdateMessagingGeopermissions", "Permissions"),
    }
)
# Parameters of lists that sift nothing, or sift by what no field of a record shows: parameter → why.
_ORDER = "says in which order"
_MORE = "adds records or fields, and leaves none out"
_SPAN = "says how the records are added up"
_SEARCH = "searched, and behaving: tests/api/numbers tries it"
_UNSEEN = "about what no field of the record shows; a plain list takes and ignores it"
UNJUDGED: dict[str, str] = {
    **dict.fromkeys(("Order", "Ordering", "SortBy", "SortByContentName", "SortByDate"), _ORDER),
    **dict.fromkeys(("SortDirection", "SortOrder"), _ORDER),
    **dict.fromkeys(("Beta", "IncludeSoftDeleted", "IncludeSubaccounts", "IncludeSubAccounts"), _MORE),
    **dict.fromkeys(("IncludeConstraints", "IncludeInactive", "Subaccount"), _MORE),
    **dict.fromkeys(("Redacted", "WordTimestamps"), _MORE),
    **dict.fromkeys(("Granularity", "Group", "Minutes", "SplitByWaitTime", "Bounds", "From"), _SPAN),
    **dict.fromkeys(("Size", "Token"), "a mark of the page"),
    **dict.fromkeys(("AreaCode", "Contains", "Distance", "NearLatLong", "NearNumber"), _SEARCH),
    **dict.fromkeys(("FaxEnabled", "MmsEnabled", "SmsEnabled", "VoiceEnabled"), _SEARCH),
    **dict.fromkeys(("ExcludeAllAddressRequired", "ExcludeForeignAddressRequired"), _SEARCH),
    **dict.fromkeys(("ExcludeLocalAddressRequired",), _SEARCH),
    **dict.fromkeys(("AssistantId", "KnowledgeId", "ToolId", "Tags", "Channel", "InUse"), _UNSEEN),
    **dict.fromkeys(("ChannelEligibility", "Content", "ContentType", "LanguageCode"), _UNSEEN),
    **dict.fromkeys(("SegmentId", "ReservationId", "Mcc", "Mnc", "SimRegistrationCode"), _UNSEEN),
    **dict.fromkeys(("AbnormalSession", "BrandedBundleSid", "BrandedCallReason", "BrandedEnabled"), _UNSEEN),
    **dict.fromkeys(("BrandedLogo", "BrandedType", "BrandedUseCase", "BusinessProfileBundleSid"), _UNSEEN),
    **dict.fromkeys(("BusinessProfileIdentity", "BusinessProfileIndustry", "BusinessProfileType"), _UNSEEN),
    **dict.fromkeys(("Direction", "HasTag", "VerifiedCaller", "VoiceIntegrityBundleSid"), _UNSEEN),
    **dict.fromkeys(("VoiceIntegrityEnabled", "VoiceIntegrityUseCase", "SourceSid"), _UNSEEN),
    **dict.fromkeys(("CreatedAfter", "CreatedBefore", "HasValidUntilDate", "IsoCountry"), _UNSEEN),
    **dict.fromkeys(("NumberType", "SmsCapability", "filter", "ObjectType"), _UNSEEN),
    **dict.fromkeys(("EvaluateTaskAttributes", "HasAddons", "EvaluateWorkerAttributes"), _UNSEEN),
    **dict.fromkeys(("TargetWorkersExpression", "TaskQueueName", "TaskQueueSid", "WorkerSid"), _UNSEEN),
    **dict.fromkeys(("TaskChannel", "FriendlyName", "StartDate", "EndDate"), _UNSEEN),
    "AccountSid": "names the caller's account",
    "ProcessingState": "has words of its own, `completed` for `complete`; tests/api/calls tries them",
}


def operations_showing(address: str) -> set[str]:
    """The operations whose answers have a link of this product and template."""
    product, _, template = address.partition(" ")
    return {
        operation.id
        for api, *_, operation in load().operations()
        if api.product == product
        and any(template == link for field in operation.fields for _, link in field.links)
    }
