"""Where fields come from: nothing invented, and of what Twilio's examples always fill most is filled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from localloop import contract
from localloop.contract.model import Field, Operation, Param, Path, Resource

CONTRACT = contract.load()
OPERATIONS = list(CONTRACT.operations())
EMPTY: tuple[Any, ...] = (None, "", [], {})


def field(operation_id: str, name: str) -> Field:
    return next(f for f in CONTRACT.operation(operation_id)[3].fields if f.name == name)


def every_field() -> Iterator[tuple[Path, Operation, Field]]:
    for _, _, path, operation in OPERATIONS:
        for found in operation.fields:
            yield path, operation, found


# How much is filled --------------------------------------------------------------------------------------------


def makes_a_record(resource: Resource, path: Path, operation: Operation) -> bool:
    if path.role == "action" and any(kind == path.kind for _, kind in path.parents):
        return False  # answers the record that it acts on
    return (
        operation.verb == "create"
        or (path.role == "singleton" and operation.verb == "fetch")
        or (resource.upsert and operation.verb == "update")
    )


def settable(resource: Resource, operation: Operation) -> set[str]:
    """Parameters that can have been given before this answer is read."""
    operations = [o for p in resource.paths for o in p.operations if o.verb in ("create", "update")]
    return {
        param.name for o in ([operation] if operation.verb == "create" else operations) for param in o.params
    }


def is_filled(found: Field, params: set[str], attached: set[str]) -> bool:
    if found.source == "param":
        return found.source_name in params or found.initial not in EMPTY
    return (
        found.source != "initial"
        or found.initial not in EMPTY
        or bool(found.fields)
        or found.name in attached
    )


def fields_of(kind: str | None) -> set[str]:
    if kind is None:
        return set()
    return {f.name for path in CONTRACT.kind(kind).paths for o in path.operations for f in o.fields}


def open_fields() -> tuple[list[str], int]:
    """Fields that examples always fill and nothing here fills, of how many."""
    missing, counted = [], 0
    for _, resource, path, operation in OPERATIONS:
        if not makes_a_record(resource, path, operation):
            continue
        params, attached = settable(resource, operation), fields_of(resource.attaches)
        for found in operation.fields:
            counted += found.filled
            if found.filled and not is_filled(found, params, attached):
                missing.append(f"{operation.id}.{found.name}")
    return missing, counted


def test_of_the_fields_that_examples_always_fill_most_are_filled() -> None:
    missing, counted = open_fields()
    assert counted > 2900
    assert 1 - len(missing) / counted >= 0.91


# What is never invented ----------------------------------------------------------------------------------------


def test_no_status_of_what_only_activity_makes() -> None:
    for resource in CONTRACT.resources():
        if resource.made_by == "client":
            continue
        for path in resource.paths:
            for operation in path.operations:
                claims = [
                    f.name for f in operation.fields if re.search("status$|state$", f.name) and f.initial
                ]
                assert claims == [], operation.id


@pytest.mark.parametrize(
    ("operation", "name", "initial"),
    [
        ("api.v2010.CreateCall", "status", "queued"),
        ("api.v2010.CreateMessage", "status", "queued"),
        ("api.v2010.CreateIncomingPhoneNumber", "emergency_address_status", "unregistered"),
        ("verify.v2.CreateVerification", "status", "pending"),
        ("verify.v2.CreateVerificationCheck", "status", None),
        ("verify.v2.CreateVerificationCheck", "valid", False),
        ("numbers.v2.CreateEvaluation", "status", None),
        ("trusthub.v1.CreateCustomerProfile", "status", "draft"),
        ("messaging.v1.CreateBrandRegistrations", "identity_status", None),
        ("taskrouter.v1.CreateTask", "assignment_status", "pending"),
        ("insights.v1.FetchAnnotation", "answered_by", None),
        ("serverless.v1.FetchBuildStatus", "status", None),
    ],
)
def test_initial_statuses(operation: str, name: str, initial: Any) -> None:
    assert field(operation, name).initial == initial


def test_an_initial_value_fits_its_field() -> None:
    types = {"string": str, "integer": int, "boolean": bool, "array": list}
    for _, operation, found in every_field():
        if found.initial is None or found.source == "version":
            continue
        if found.enum:
            assert found.initial in found.enum, (operation.id, found.name)
        if found.type in types:
            assert isinstance(found.initial, types[found.type]), (operation.id, found.name)


def test_no_content_of_examples_is_an_initial_value() -> None:
    for _, operation, found in every_field():
        if isinstance(found.initial, str):
            assert not re.search(r"[a-f0-9]{32}|https?://|\+\d{6}|@", found.initial), (
                operation.id,
                found.name,
            )


def test_prices_are_decimals_in_strings_and_start_as_nothing() -> None:
    for operation in ("api.v2010.FetchRecording", "api.v2010.CreateMessage", "api.v2010.ListUsageRecord"):
        price = field(operation, "price")
        assert (price.type, price.initial) == ("string", None)


# Sources -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "name", "source", "source_name"),
    [
        ("sync.v1.CreateDocument", "sid", "sid", ""),
        ("sync.v1.CreateDocument", "account_sid", "account", ""),
        ("sync.v1.CreateDocument", "service_sid", "parent", "ServiceSid"),
        ("sync.v1.CreateDocument", "unique_name", "param", "UniqueName"),
        ("sync.v1.CreateDocument", "date_created", "created", ""),
        ("sync.v1.CreateDocument", "revision", "version", ""),
        ("sync.v1.CreateDocument", "url", "url", ""),
        ("sync.v1.UpdateDocumentPermission", "identity", "parent", "Identity"),
        ("sync.v1.CreateSyncMapItem", "key", "param", "Key"),
        ("chat.v2.CreateRole", "permissions", "param", "Permission"),
        ("numbers.v3.CreateHostedNumbersHostedNumberOrder", "friendlyName", "param", "friendlyName"),
        ("numbers.v3.CreateHostedNumbersHostedNumberOrder", "dateCreated", "created", ""),
        ("supersim.v1.CreateSmsCommand", "sim_sid", "param", "Sim"),
        ("verify.v2.CreateEntity", "sid", "secret", ""),  # the identity is the id, the SID stands beside it
        ("serverless.v1.FetchBuildStatus", "sid", "parent", "Sid"),
        ("chat.v2.CreateMessage", "to", "parent", "ChannelSid"),
        ("api.v2010.CreateCallRecording", "call_sid", "parent", "CallSid"),
        ("monitor.v2.FetchAlarm", "friendlyName", "param", "friendlyName"),
    ],
)
def test_sources(operation: str, name: str, source: str, source_name: str) -> None:
    found = field(operation, name)
    assert (found.source, found.source_name) == (source, source_name)


def test_a_source_names_a_parameter_that_exists() -> None:
    for _, resource, _, operation in OPERATIONS:
        sent = {p.name for path in resource.paths for o in path.operations for p in o.params}
        for found in operation.fields:
            if found.source in ("param", "parent"):
                assert found.source_name in sent, (operation.id, found.name)


def test_a_parameter_names_a_field_that_some_answer_of_the_kind_shows() -> None:
    for _, resource, _, operation in OPERATIONS:
        shown = {f.name for path in resource.paths for o in path.operations for f in o.fields}
        for param in operation.params:
            assert param.field is None or param.field.partition(".")[0] in shown, (operation.id, param.name)


def test_dotted_parameters_set_members() -> None:
    configuration = field("conversations.v1.CreateConversationScopedWebhook", "configuration")
    members = {member.name: member.source_name for member in configuration.fields}
    assert members["url"] == "Configuration.Url"
    sound = field("chat.v2.UpdateService", "notifications").fields
    added = next(member for member in sound if member.name == "added_to_channel")
    assert {member.source_name for member in added.fields} >= {"Notifications.AddedToChannel.Enabled"}
    param = next(
        p for p in CONTRACT.operation("chat.v2.UpdateService")[3].params if p.name == "Limits.UserChannels"
    )
    assert param.field == "limits.user_channels"


def test_documented_defaults_of_members() -> None:
    totp = {member.name: member.initial for member in field("verify.v2.CreateService", "totp").fields}
    assert (totp["time_step"], totp["code_length"], totp["skew"]) == (30, 6, 1)


# Addresses -----------------------------------------------------------------------------------------------------


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def sent_to(path: Path) -> list[Param]:
    return [param for operation in path.operations for param in operation.params if param.location == "body"]


def test_every_parameter_of_a_link_is_known_where_the_link_stands() -> None:
    for path, operation, found in every_field():
        for name, template in found.links:
            known = {"AccountSid", *re.findall(r"\{(\w+)\}", path.template)}
            known |= {p.id_param for p in CONTRACT.kind(path.kind).paths if p.id_param}
            known |= {p.name for other in CONTRACT.kind(path.kind).paths for p in sent_to(other)}
            fields = {f.name for f in operation.fields}
            for param in re.findall(r"\{(\w+)\}", template):
                assert param in known or snake(param) in fields, (operation.id, name, template)


# Links of which Twilio publishes no path: answered 404 by Twilio's own surface as far as it is known.
NOWHERE = {
    "sip", "sms", "usage", "auth", "export", "channel_metadata", "messages", "segments", "media", "user",
}  # fmt: skip


def test_links_lead_to_paths_of_the_contract() -> None:
    templates = {re.sub(r"\{\w+\}", "{}", path.template) for _, _, path, _ in OPERATIONS}
    lost = {
        name
        for _, _, found in every_field()
        for name, template in found.links
        if re.sub(r"\{\w+\}", "{}", template) not in templates
    }
    assert lost <= NOWHERE


@pytest.mark.parametrize(
    ("operation", "name", "template"),
    [
        ("sync.v1.FetchDocument", "permissions", "/v1/Services/{ServiceSid}/Documents/{Sid}/Permissions"),
        ("api.v2010.FetchAccount", "calls", "/2010-04-01/Accounts/{Sid}/Calls"),
        ("api.v2010.CreateMessage", "media", "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}/Media"),
        ("conversations.v1.FetchUserConversation", "conversation", "/v1/Conversations/{ConversationSid}"),
        ("chat.v2.FetchUserChannel", "member", "/v2/Services/{ServiceSid}/Channels/{ChannelSid}/Members/{MemberSid}"),
        ("conversations.v1.CreateConversationWithParticipants", "messages", "/v1/Conversations/{Sid}/Messages"),
    ],
)  # fmt: skip
def test_link_templates(operation: str, name: str, template: str) -> None:
    links = next(f for f in CONTRACT.operation(operation)[3].fields if f.source == "links").links
    assert dict(links)[name] == template


def test_an_own_address_elsewhere_is_named() -> None:
    found = field("api.v2010.CreateIncomingPhoneNumberLocal", "uri")
    assert found.source_name == "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers/{Sid}"
    assert field("sync.v1.CreateDocument", "url").source_name == ""
