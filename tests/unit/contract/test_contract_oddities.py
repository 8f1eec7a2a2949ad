"""The odd cases of Twilio's surface: paths that share records, ids that are no SIDs, lists in other shapes."""

from __future__ import annotations

from collections import Counter

import pytest

from localloop import contract
from localloop.contract.model import Path, Resource

CONTRACT = contract.load()
OPERATIONS = list(CONTRACT.operations())


def path_of(operation_id: str) -> Path:
    return CONTRACT.operation(operation_id)[2]


def resource_of(operation_id: str) -> Resource:
    return CONTRACT.operation(operation_id)[1]


# Views ---------------------------------------------------------------------------------------------------------


SHARED = {
    "api/Recording": "api.v2010.FetchRecording api.v2010.ListCallRecording api.v2010.ListConferenceRecording",
    "api/Transcription": "api.v2010.ListTranscription api.v2010.ListRecordingTranscription",
    "api/IncomingPhoneNumber": "api.v2010.CreateIncomingPhoneNumber api.v2010.CreateIncomingPhoneNumberTollFree",
    "api/Key": "api.v2010.CreateNewKey iam.v1.CreateNewKey iam.v1.ListGetKeys api.v2010.FetchKey",
    "api/Call": "api.v2010.CreateCall insights.v1.FetchCall",
    "chat/Service": "chat.v1.FetchService chat.v2.FetchService ip-messaging.v1.FetchService",
    "chat/Channel": "chat.v3.UpdateChannel chat.v2.CreateChannel ip-messaging.v1.CreateChannel",
    "chat/Binding": "chat.v2.ListBinding chat.v2.ListUserBinding ip-messaging.v2.ListUserBinding",
    "notify/Credential": "chat.v1.CreateCredential conversations.v1.CreateCredential notify.v1.CreateCredential",
    "conversations/Conversation": (
        "conversations.v1.CreateConversation conversations.v1.CreateServiceConversation "
        "conversations.v1.CreateConversationWithParticipants"
    ),
    "conversations/ConversationMessage": (
        "conversations.v1.CreateServiceConversationMessage conversations.v1.ListConversationMessage"
    ),
    "conversations/User": "conversations.v1.FetchUser conversations.v1.FetchServiceUser",
    "studio/Flow": "studio.v1.FetchFlow studio.v2.FetchFlow",
    "studio/Execution": "studio.v1.CreateEngagement studio.v1.FetchExecution studio.v2.CreateExecution",
    "taskrouter/Reservation": "taskrouter.v1.ListTaskReservation taskrouter.v1.ListWorkerReservation",
    "proxy/Interaction": "proxy.v1.ListInteraction proxy.v1.CreateMessageInteraction",
    "video/Recording": "video.v1.ListRecording video.v1.ListRoomRecording",
    "intelligence/Operator": "intelligence.v2.CreateCustomOperator intelligence.v2.FetchOperator",
    "content/Content": "content.v1.CreateContent content.v1.ListLegacyContent content.v2.ListContentAndApprovals",
    "knowledge/Knowledge": "knowledge.v1.FetchKnowledge assistants.v1.FetchKnowledge",
    "marketplace/InstalledAddOn": (
        "marketplace.v1.FetchInstalledAddOn preview.marketplace.FetchMarketplaceInstalledAddOn"
    ),
    "wireless/Sim": "wireless.v1.FetchSim preview.wireless.FetchWirelessSim",
    "numbers/HostedNumberOrder": (
        "numbers.v2.FetchHostedNumberOrder numbers.v3.CreateHostedNumbersHostedNumberOrder "
        "preview.HostedNumbers.FetchHostedNumbersHostedNumberOrder"
    ),
    "numbers/Bundle": "numbers.v2.CreateBundle numbers.v2.CreateBundleCopy numbers.v2.CreateReplaceItems",
    "bulkexports/Job": "bulkexports.v1.CreateExportCustomJob bulkexports.v1.FetchJob",
    "messaging/DomainCertV4": "messaging.v1.UpdateDomainCertV4 messaging.v2.FetchDomainCertV4",
}


@pytest.mark.parametrize("kind", SHARED)
def test_paths_that_show_the_same_records_share_a_kind(kind: str) -> None:
    assert {path_of(operation).kind for operation in SHARED[kind].split()} == {kind}


@pytest.mark.parametrize(
    ("kind", "home"),
    [
        ("api/Recording", "/2010-04-01/Accounts/{AccountSid}/Recordings"),
        ("conversations/Conversation", "/v1/ConversationWithParticipants"),
        ("conversations/ConversationMessage", "/v1/Conversations/{ConversationSid}/Messages"),
        ("chat/Service", "/v2/Services"),
        ("chat/Channel", "/v2/Services/{ServiceSid}/Channels"),
        ("studio/Flow", "/v2/Flows"),
        ("content/Content", "/v1/Content"),
        ("notify/Credential", "/v1/Credentials"),
    ],
)
def test_a_kind_is_owned_by_its_own_product_with_the_fewest_parents(kind: str, home: str) -> None:
    assert CONTRACT.kind(kind).paths[0].template == home


def test_a_view_has_other_parents_than_the_home() -> None:
    for resource in CONTRACT.resources():
        home = CONTRACT.kind(resource.kind).paths[0]
        for path in resource.paths:
            if path.role == "view":
                assert [kind for _, kind in path.parents] != [kind for _, kind in home.parents], path.template


def test_how_many_paths_are_views_or_live_in_another_api() -> None:
    shown = [
        path
        for resource in CONTRACT.resources()
        for path in resource.paths
        if path.role == "view"
        or (path.role in ("collection", "instance") and CONTRACT.kind(path.kind) is not resource)
    ]
    assert len(shown) == 142


# Roles ---------------------------------------------------------------------------------------------------------


def test_roles() -> None:
    roles = Counter(path.role for resource in CONTRACT.resources() for path in resource.paths)
    assert roles == {"collection": 363, "instance": 333, "singleton": 74, "action": 49, "view": 40}


@pytest.mark.parametrize(
    "operation",
    [
        "api.v2010.FetchBalance",
        "conversations.v1.FetchServiceNotification",
        "taskrouter.v1.FetchWorkerStatistics",
        "trunking.v1.UpdateRecording",
        "video.v1.CreateRecordingSettings",
        "numbers.v1.CreatePortingWebhookConfiguration",
        "media.v1.CreatePlayerStreamerPlaybackGrant",
    ],
)
def test_singletons(operation: str) -> None:
    path = path_of(operation)
    assert (path.role, path.id_param) == ("singleton", None)


@pytest.mark.parametrize(
    ("operation", "parents"),
    [
        ("verify.v2.CreateVerificationCheck", [("ServiceSid", "verify/Service")]),
        ("events.v1.CreateSinkTest", [("Sid", "events/Sink")]),
        ("notify.v1.CreateNotification", [("ServiceSid", "notify/Service")]),
        ("studio.v2.UpdateFlowValidate", []),
        ("accounts.v1.UpdateAuthTokenPromotion", []),
        ("video.v1.UpdateRoomParticipantAnonymize", [("RoomSid", "video/Room"), ("Sid", "video/RoomParticipant")]),
        ("api.v2010.CreateMessageFeedback", [("MessageSid", "api/Message")]),
    ],
)  # fmt: skip
def test_actions_on_parents(operation: str, parents: list[tuple[str, str]]) -> None:
    path = path_of(operation)
    assert path.role == "action"
    assert list(path.parents) == parents


def test_archiving_acts_on_the_record_itself() -> None:
    path = path_of("flex-api.v1.UpdatePluginArchive")
    assert (path.kind, path.role, path.sets) == ("flex-api/Plugin", "action", (("archived", True),))


def test_who_makes_records() -> None:
    made_by = {kind: CONTRACT.kind(kind).made_by for kind in CONTRACT.kinds}
    assert made_by["api/Conference"] == "activity"
    assert made_by["api/UsageRecord"] == "activity"
    assert made_by["wireless/Sim"] == "activity"
    assert made_by["api/Recording"] == "client"  # made under a call, listed everywhere
    assert made_by["api/AvailablePhoneNumberLocal"] == "catalogue"
    assert made_by["pricing/VoiceCountry"] == "catalogue"
    assert made_by["sync/DocumentPermission"] == "client"


def test_lists_without_a_create_on_their_path() -> None:
    verbs = [
        {operation.verb for operation in path.operations} for r in CONTRACT.resources() for path in r.paths
    ]
    assert sum("list" in found and "create" not in found for found in verbs) == 143


@pytest.mark.parametrize(
    "kind", ["sync/DocumentPermission", "sync/SyncMapPermission", "routes/Trunks", "lookups/LookupRateLimit"]
)
def test_updates_that_make_their_record(kind: str) -> None:
    resource = CONTRACT.kind(kind)
    assert resource.upsert
    assert resource.id_source == "param"


# Ids -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "prefixes", "id_field", "id_source", "id_param"),
    [
        ("api/Message", ("SM", "MM"), "sid", "sid", None),
        ("api/Account", ("AC",), "sid", "sid", None),
        ("api/Participant", ("CA",), "call_sid", "sid", None),
        ("intelligence/Service", ("GA",), "sid", "sid", None),
        ("knowledge/Knowledge", (), "id", "opaque", None),
        ("sync/SyncListItem", (), "index", "opaque", None),
        ("sync/SyncMapItem", (), "key", "param", "Key"),
        ("verify/Entity", (), "identity", "param", "Identity"),
        ("verify/Safelist", (), "phone_number", "param", "PhoneNumber"),
        ("events/SubscribedEvent", (), "type", "param", "Type"),
        ("messaging/PhoneNumber", ("PN",), "sid", "param", "PhoneNumberSid"),
        ("trunking/CredentialList", ("CL",), "sid", "param", "CredentialListSid"),
        ("supersim/NetworkAccessProfileNetwork", ("HW",), "sid", "param", "Network"),
    ],
)
def test_ids(
    kind: str, prefixes: tuple[str, ...], id_field: str, id_source: str, id_param: str | None
) -> None:
    found = CONTRACT.kind(kind)
    assert (found.prefixes, found.id_field, found.id_source, found.id_param) == (
        prefixes,
        id_field,
        id_source,
        id_param,
    )


def test_attached_records_name_what_they_attach() -> None:
    attached = {r.kind: r.attaches for r in CONTRACT.resources() if r.attaches}
    assert attached["trunking/PhoneNumber"] == "api/IncomingPhoneNumber"
    assert attached["api/SipCredentialListMapping"] == "api/SipCredentialList"
    assert set(attached.values()) <= CONTRACT.kinds


def test_unique_names() -> None:
    assert CONTRACT.kind("sync/Document").unique == ("unique_name",)
    assert CONTRACT.kind("chat/User").unique == ("identity",)
    assert CONTRACT.kind("wireless/Sim").unique == ("unique_name",)  # given by an update
    assert CONTRACT.kind("api/Message").unique == ()


def test_the_account_in_a_2010_path_is_no_parent() -> None:
    assert path_of("api.v2010.CreateMessage").parents == ()
    assert path_of("api.v2010.FetchAccount").id_param == "Sid"
    assert path_of("api.v2010.FetchMedia").parents == (("MessageSid", "api/Message"),)


def test_a_record_named_by_a_query_parameter() -> None:
    path = path_of("accounts.v1.FetchSafelist")
    assert (path.role, path.id_param, path.template) == ("instance", "PhoneNumber", "/v1/SafeList/Numbers")


# Requests and answers ------------------------------------------------------------------------------------------


def test_list_keys_are_taken_from_the_document() -> None:
    keys = {operation.id: operation.list_key for *_, operation in OPERATIONS if operation.verb == "list"}
    assert keys["api.v2010.ListMedia"] == "media_list"
    assert keys["messaging.v1.ListBrandRegistrations"] == "data"
    assert keys["numbers.v2.ListBundle"] == "results"
    assert keys["preview-iam.Organizations.ListOrganizationUsers"] == "Resources"
    assert all(keys.values())


def test_paging_styles() -> None:
    styles = Counter(operation.paging for *_, operation in OPERATIONS if operation.verb == "list")
    assert styles == {"2010": 60, "meta": 304, "plain": 3, "token": 1}
    assert CONTRACT.operation("numbers.v1.ListPortInRequests")[3].paging == "token"
    assert CONTRACT.operation("api.v2010.ListAvailablePhoneNumberCountry")[3].paging == "plain"


def test_page_sizes_differ() -> None:
    sizes = {
        (operation.default_page_size, operation.max_page_size)
        for *_, operation in OPERATIONS
        if operation.verb == "list"
    }
    assert {(50, 1000), (50, 100), (50, 50), (20, 1000), (5, 5)} <= sizes


def test_statuses_of_answers() -> None:
    statuses = Counter(operation.status for *_, operation in OPERATIONS)
    assert statuses == {200: 1018, 201: 256, 204: 236, 202: 18, 307: 3, 302: 2}


def test_bodies() -> None:
    assert Counter(operation.body for *_, operation in OPERATIONS) == {
        "none": 1025,
        "form": 464,
        "json": 42,
        "scim": 2,
    }
    content = {param.name: param for param in CONTRACT.operation("content.v1.CreateContent")[3].params}
    assert (content["types"].type, content["types"].required) == ("object", True)


def test_a_json_body_without_declared_members_takes_what_the_answer_shows() -> None:
    names = {param.name for param in CONTRACT.operation("flex-api.v1.UpdateConfiguration")[3].params}
    assert {"attributes", "taskrouter_workspace_sid"} <= names
    assert not names & {"account_sid", "url", "date_created"}


def test_a_create_may_answer_more_than_a_fetch() -> None:
    created = {field.name: field for field in CONTRACT.operation("api.v2010.CreateNewKey")[3].fields}
    fetched = {field.name for field in CONTRACT.operation("api.v2010.FetchKey")[3].fields}
    assert created["secret"].source == "secret"
    assert "secret" not in fetched


def test_if_match_where_the_document_has_it() -> None:
    matching = {operation.id for *_, operation in OPERATIONS if operation.if_match}
    assert {"sync.v1.UpdateDocument", "taskrouter.v1.DeleteTask", "intelligence.v2.UpdateService"} <= matching
    assert "api.v2010.UpdateCall" not in matching
    assert len(matching) == 34


def test_parameters_of_which_one_is_needed() -> None:
    operation = CONTRACT.operation("api.v2010.CreateMessage")[3]
    assert operation.one_of == (("From", "MessagingServiceSid"), ("Body", "MediaUrl", "ContentSid"))


def test_constraints_survive() -> None:
    params = {param.name: param for param in CONTRACT.operation("api.v2010.CreateMessage")[3].params}
    assert params["To"].required
    assert params["ApplicationSid"].sid == ("AP",)
    assert params["ContentRetention"].enum == ("retain", "discard")
    assert (params["MediaUrl"].type, params["MediaUrl"].items.format) == ("array", "uri")  # type: ignore[union-attr]
    listed = CONTRACT.operation("lookups.v1.FetchPhoneNumber")[3]
    addons = next(param for param in listed.params if param.name == "AddOnsData")
    assert (addons.format, addons.prefix) == ("prefixed-map", "AddOns")


@pytest.mark.parametrize(
    ("operation", "param", "field", "comparison"),
    [
        ("api.v2010.ListCall", "StartTime>", "start_time", ">="),
        ("api.v2010.ListCall", "StartTime<", "start_time", "<="),
        ("api.v2010.ListCall", "StartTime", "start_time", "="),
        ("api.v2010.ListMessage", "To", "to", "="),
        ("video.v1.ListRoom", "DateCreatedAfter", "date_created", ">="),
        ("conversations.v1.ListConversation", "EndDate", "date_created", "<="),
        ("monitor.v1.ListEvent", "StartDate", "event_date", ">="),
        ("insights.v1.ListConference", "CreatedBefore", "create_time", "<="),
        ("wireless.v1.ListCommand", "Sim", "sim_sid", "="),
        ("taskrouter.v1.ListTask", "WorkflowName", "workflow_friendly_name", "="),
        ("chat.v2.ListMessage", "Order", None, "="),
    ],
)
def test_filters(operation: str, param: str, field: str | None, comparison: str) -> None:
    found = next(p for p in CONTRACT.operation(operation)[3].params if p.name == param)
    assert (found.field, found.comparison) == (field, comparison)
