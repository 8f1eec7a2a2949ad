"""Permissions of restricted keys. The names are those that Twilio publishes per product ("Restricted API keys")."""

from __future__ import annotations

import pytest

from localloop.contract import load
from localloop.core.errors import ApiError
from localloop.products.accounts.key.permissions import granted, parse_policy, permission_for

ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"


@pytest.mark.parametrize(
    ("product", "template", "verb", "permission"),
    [
        ("api", f"{ACCOUNT}/Messages/{{Sid}}", "fetch", "/twilio/messaging/messages/read"),
        ("api", f"{ACCOUNT}/Messages", "list", "/twilio/messaging/messages/list"),
        ("api", f"{ACCOUNT}/Messages", "create", "/twilio/messaging/messages/create"),
        (
            "api",
            f"{ACCOUNT}/Messages/{{MessageSid}}/Feedback",
            "create",
            "/twilio/messaging/messages.feedback/create",
        ),
        ("api", f"{ACCOUNT}/Calls", "create", "/twilio/voice/calls/create"),
        ("api", f"{ACCOUNT}/Calls/{{CallSid}}/Recordings", "list", "/twilio/voice/calls.recordings/list"),
        ("api", f"{ACCOUNT}/Queues/{{QueueSid}}/Members", "list", "/twilio/voice/queues.member/list"),
        ("api", f"{ACCOUNT}/Applications/{{Sid}}", "update", "/twilio/voice/twiml.apps/update"),
        ("api", f"{ACCOUNT}/SIP/IpAccessControlLists", "list", "/twilio/voice/sip.ip-acls/list"),
        ("api", f"{ACCOUNT}/OutgoingCallerIds", "create", "/twilio/voice/outgoing-caller-ids/create"),
        (
            "api",
            f"{ACCOUNT}/IncomingPhoneNumbers/Local",
            "create",
            "/twilio/phone-numbers/active-numbers/create",
        ),
        (
            "api",
            f"{ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/Mobile",
            "list",
            "/twilio/phone-numbers/available-numbers/list",
        ),
        ("api", f"{ACCOUNT}/Usage/Records/Daily", "list", "/twilio/billing/usage/read"),
        ("api", f"{ACCOUNT}/Keys/{{Sid}}", "fetch", "/twilio/iam/api-keys/read"),
        ("api", "/2010-04-01/Accounts", "list", "/twilio/iam/accounts/list"),
        ("api", "/2010-04-01/Accounts/{Sid}", "fetch", "/twilio/iam/accounts/read"),
        ("iam", "/v1/Keys", "create", "/twilio/iam/api-keys/create"),
        ("iam", "/v1/Account/OAuthApps", "create", "/twilio/iam/account-oauth-apps/create"),
        ("messaging", "/v1/Services/{Sid}", "update", "/twilio/messaging/services/update"),
        (
            "messaging",
            "/v1/Services/{S}/PhoneNumbers",
            "list",
            "/twilio/messaging/services.phonenumbers/list",
        ),
        (
            "messaging",
            "/v1/Services/{S}/Compliance/Usa2p/Usecases",
            "list",
            "/twilio/messaging/services.usa2p-usecase/list",
        ),
        (
            "taskrouter",
            "/v1/Workspaces/{W}/TaskQueues",
            "list",
            "/twilio/taskrouter/workspaces.task-queues/list",
        ),
        ("studio", "/v2/Flows/{F}/Executions/{E}/Steps", "list", "/twilio/studio/executions.steps/list"),
        ("verify", "/v2/Services/{S}/Verifications", "create", "/twilio/verify/verification/create"),
        (
            "verify",
            "/v2/Services/{S}/VerificationCheck",
            "create",
            "/twilio/verify/verification-check/create",
        ),
        ("verify", "/v2/Services/{S}/Entities/{I}", "delete", "/twilio/verify/entity/delete"),
        ("accounts", "/v1/SafeList/Numbers", "create", "/twilio/verify/safelist/create"),
        ("lookups", "/v2/PhoneNumbers/{PhoneNumber}", "fetch", "/twilio/lookup/phone-numbers/read"),
        (
            "voice",
            "/v1/ConnectionPolicies/{P}/Targets",
            "list",
            "/twilio/voice/sip.connection-policies.targets/list",
        ),
        (
            "trunking",
            "/v1/Trunks/{T}/OriginationUrls",
            "list",
            "/twilio/voice/sip.trunks.origination-urls/list",
        ),
        ("events", "/v1/Sinks/{Sid}/Test", "create", "/twilio/event-streams/sink.test/create"),
        ("video", "/v1/Rooms/{R}/Participants", "list", "/twilio/video/rooms.participants/list"),
        ("content", "/v1/Content/{Sid}", "fetch", "/twilio/messaging/content-templates/read"),
        (
            "numbers",
            "/v2/RegulatoryCompliance/Bundles/{B}/ReplaceItems",
            "update",
            "/twilio/phone-numbers/regulatory-compliance.bundles.replace-items/update",
        ),
    ],
)
def test_published_names(product: str, template: str, verb: str, permission: str) -> None:
    assert permission_for(product, template, verb) == permission


def test_every_operation_of_the_contract_has_a_permission_that_a_policy_may_hold() -> None:
    for api, _, path, operation in load().operations():
        wanted = permission_for(api.product, path.template, operation.verb)
        if api.product != "oauth":  # called without an account
            assert parse_policy({"allow": [wanted]}) == {"allow": [wanted]}, operation.id


def test_a_policy_arrives_as_json_text_or_as_an_object() -> None:
    policy = {"allow": ["/twilio/messaging/messages/read"]}
    assert parse_policy('{"allow":["/twilio/messaging/messages/read"]}') == policy
    assert parse_policy(policy) == policy


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (None, 20001),
        ("", 20001),
        ("[]", 70002),
        ("{", 70002),
        ({"allow": []}, 70001),
        ({"deny": ["/twilio/voice/calls/read"]}, 70001),
        ({"allow": ["/twilio/voice/calls/read"], "deny": ["/twilio/voice/calls/list"]}, 70001),
        ({"allow": [f"/twilio/voice/resource-{n}/read" for n in range(101)]}, 70001),
        ({"allow": ["/twilio/fakepermission/doesnotexist"]}, 70002),
        ({"allow": ["/twilio/voice/calls/destroy"]}, 70002),
    ],
)
def test_bad_policies(sent: object, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        parse_policy(sent)
    assert (refused.value.code, refused.value.status) == (code, 400)


def test_a_hundred_permissions_are_the_most() -> None:
    policy = {"allow": [f"/twilio/voice/resource-{n}/read" for n in range(100)]}
    assert parse_policy(policy) == policy


def test_a_star_grants_every_action_and_nothing_below() -> None:
    held = granted({"allow": ["/twilio/voice/calls/*"], "deny": ["/twilio/voice/calls/delete"]})
    assert held == {f"/twilio/voice/calls/{action}" for action in ("create", "read", "list", "update")}
    assert "/twilio/voice/calls.recordings/read" not in held
