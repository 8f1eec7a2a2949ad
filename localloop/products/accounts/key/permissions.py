"""Permissions of restricted keys, `/twilio/{product}/{resource}/{action}`, by the path that they open. Pure.

Most names are the path's own words in kebab case with dots between (`/v1/Workspaces/{}/TaskQueues` is
`taskrouter/workspaces.task-queues`); where Twilio's published permissions differ, `_NAMES` says so. `read` is
one record, `list` the collection.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import msgspec

from localloop.core import errors

MAX_PERMISSIONS: Final = 100
ACTIONS: Final = {"create": "create", "fetch": "read", "list": "list", "update": "update", "delete": "delete"}
_ASSERTION: Final = re.compile(
    r"/twilio/([a-z][a-z-]*)/[a-z0-9][a-z0-9.-]*/(create|read|list|update|delete|\*)"
)
_VERSION: Final = re.compile(r"/(v\d+|2010-04-01)(?=/|$)")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# (product, leading words of the path) -> permission's product and resource, and what becomes of the words
# behind: dotted on, dropped, or the last word alone in the singular.
_NAMES: Final[dict[tuple[str, str], tuple[str, str, str]]] = {
    ("accounts", "auth-tokens"): ("iam", "auth-tokens", "dots"),
    ("accounts", "credentials.public-keys"): ("iam", "public-keys", "drop"),
    ("accounts", "safe-list"): ("verify", "safelist", "drop"),
    ("api", ""): ("voice", "", "dots"),
    ("api", "accounts"): ("iam", "accounts", "dots"),
    ("api", "addresses"): ("phone-numbers", "addresses", "dots"),
    ("api", "applications"): ("voice", "twiml.apps", "drop"),
    ("api", "available-phone-numbers"): ("phone-numbers", "available-numbers", "drop"),
    ("api", "balance"): ("billing", "balance", "drop"),
    ("api", "incoming-phone-numbers"): ("phone-numbers", "active-numbers", "drop"),
    ("api", "keys"): ("iam", "api-keys", "drop"),
    ("api", "messages"): ("messaging", "messages", "dots"),
    ("api", "queues.members"): ("voice", "queues.member", "drop"),
    ("api", "recordings.add-on-results"): ("voice", "recordings.add-ons", "dots"),
    ("api", "recordings.add-on-results.payloads"): ("voice", "recordings.add-ons.payload", "dots"),
    ("api", "signing-keys"): ("iam", "api-keys", "drop"),
    ("api", "sip.ip-access-control-lists"): ("voice", "sip.ip-acls", "dots"),
    ("api", "sms.short-codes"): ("messaging", "short-codes", "drop"),
    ("api", "usage"): ("billing", "usage", "drop"),
    ("api", "usage.triggers"): ("billing", "usage-triggers", "drop"),
    ("content", ""): ("messaging", "content-templates", "drop"),
    ("events", ""): ("event-streams", "", "last"),
    ("events", "schemas.versions"): ("event-streams", "schema.version", "drop"),
    ("events", "sinks.test"): ("event-streams", "sink.test", "drop"),
    ("events", "subscriptions.subscribed-events"): ("event-streams", "subscription.subscribed-event", "drop"),
    ("events", "types"): ("event-streams", "event-type", "drop"),
    ("flex-api", ""): ("flex", "", "dots"),
    ("iam", "account.o-auth-apps"): ("iam", "account-oauth-apps", "drop"),
    ("iam", "keys"): ("iam", "api-keys", "drop"),
    ("insights", ""): ("voice", "insights", "dots"),
    ("insights", "conferences"): ("voice", "insights.conference.summaries", "drop"),
    ("insights", "conferences.participants"): ("voice", "insights.conference.participants", "drop"),
    ("insights", "voice"): ("voice", "insights.call", "dots"),
    ("insights", "voice.annotation"): ("voice", "insights.call.annotations", "drop"),
    ("insights", "voice.settings"): ("voice", "insights.settings", "drop"),
    ("intelligence", ""): ("voice", "intelligence", "dots"),
    ("intelligence", "operators.custom"): ("voice", "intelligence.operator.custom", "drop"),
    ("intelligence", "operators.pre-built"): ("voice", "intelligence.operator.prebuilt", "drop"),
    ("intelligence", "services.operators"): ("voice", "intelligence.operator-attachment", "drop"),
    ("intelligence", "transcripts.media"): ("voice", "intelligence.transcript-media", "drop"),
    ("intelligence", "transcripts.operator-results"): ("voice", "intelligence.operator-results", "dots"),
    ("intelligence", "transcripts.sentences"): ("voice", "intelligence.transcript-sentences", "dots"),
    ("lookups", ""): ("lookup", "phone-numbers", "drop"),
    ("messaging", "channels.senders"): ("messaging", "whatsapp-senders", "drop"),
    ("messaging", "services.alpha-senders"): ("messaging", "services.alphasenders", "drop"),
    ("messaging", "services.channel-senders"): ("messaging", "services.channelsenders", "drop"),
    ("messaging", "services.compliance"): ("messaging", "services.usa2p-campaign", "drop"),
    ("messaging", "services.compliance.usa2p.usecases"): ("messaging", "services.usa2p-usecase", "drop"),
    ("messaging", "services.phone-numbers"): ("messaging", "services.phonenumbers", "drop"),
    ("messaging", "services.short-codes"): ("messaging", "services.shortcodes", "drop"),
    ("numbers", ""): ("phone-numbers", "", "dots"),
    ("pricing", ""): ("messaging", "pricing", "drop"),
    ("studio", "flows.executions"): ("studio", "executions", "dots"),
    ("studio", "flows.test-users"): ("studio", "test-users", "drop"),
    ("trunking", ""): ("voice", "sip", "dots"),
    ("verify", ""): ("verify", "", "last"),
    ("verify", "attempts"): ("verify", "verification-attempt", "drop"),
    ("verify", "attempts.summary"): ("verify", "verification-attempts-summary", "drop"),
    ("verify", "templates"): ("verify", "verification-template", "drop"),
    ("voice", ""): ("voice", "sip", "dots"),
}
# Products whose permissions are their paths' own words.
_OTHERS: Final = (
    "accounts assistants autopilot bulkexports chat conversations fax flex frontline-api ip-messaging knowledge "
    "marketplace media microvisor monitor notify preview preview-iam proxy routes serverless supersim sync "
    "taskrouter trusthub video wireless"
)
PRODUCTS: Final = frozenset({group for group, _, _ in _NAMES.values()} | set(_OTHERS.split()))


@lru_cache(maxsize=4096)
def permission_for(product: str, template: str, verb: str) -> str:
    """The permission that opens an operation: by product, path template and verb of the contract."""
    group, resource = _named(product, _words(template))
    action = "read" if (group, resource) == ("billing", "usage") and verb == "list" else ACTIONS[verb]
    return f"/twilio/{group}/{resource}/{action}"


def _words(template: str) -> list[str]:
    parts = _VERSION.sub("", template, count=1).split("/")
    return [
        _HUMP.sub("-", part).lower().replace("_", "-") for part in parts if part and not part.startswith("{")
    ]


def _named(product: str, words: list[str]) -> tuple[str, str]:
    if product == "api":
        words = words[1:] or words  # what stands below an account
    for taken in range(len(words), -1, -1):
        found = _NAMES.get((product, ".".join(words[:taken])))
        if found is not None:
            group, name, behind = found
            return group, _joined(name, words[taken:], behind) or product
    return product, ".".join(words) or product


def _joined(name: str, rest: list[str], behind: str) -> str:
    if behind == "drop" or not rest:
        return name
    if behind == "last":
        return _singular(rest[-1])
    return ".".join([name, *rest] if name else rest)


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def parse_policy(sent: Any, sections: frozenset[str] = frozenset({"allow"})) -> dict[str, list[str]]:
    """The policy of a request, `{"allow": [...]}`. Raises 20001, 70001 or 70002 for none or a bad one.

    OAuth apps may have a "deny" section as well.
    """
    if sent is None or sent == "":
        raise errors.missing_parameter("Policy")
    try:
        policy = msgspec.convert(
            msgspec.json.decode(sent) if isinstance(sent, str) else sent, type=dict[str, list[str]]
        )
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise errors.invalid_iam_request("Invalid policy provided in the request") from None
    assertions = [each for section in policy.values() for each in section]
    if not policy.get("allow") or not sections.issuperset(policy) or len(assertions) > MAX_PERMISSIONS:
        raise errors.constraint_violations()
    for assertion in assertions:
        found = _ASSERTION.fullmatch(assertion)
        if found is None or found.group(1) not in PRODUCTS:
            raise errors.invalid_iam_request(f"assertion '{assertion}' is invalid")
    return {name: list(dict.fromkeys(section)) for name, section in policy.items()}


def granted(policy: dict[str, list[str]]) -> frozenset[str]:
    """The single permissions that a policy holds, `…/*` written out."""
    return _written_out(policy.get("allow", [])) - _written_out(policy.get("deny", []))


def _written_out(assertions: list[str]) -> frozenset[str]:
    names: set[str] = set()
    for assertion in assertions:
        resource, _, action = assertion.rpartition("/")
        names.update(f"{resource}/{each}" for each in (ACTIONS.values() if action == "*" else (action,)))
    return frozenset(names)
