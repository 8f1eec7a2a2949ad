"""Twilio's Python package, untouched: at least one resource of every product that it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import pytest
from redirect import domains
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList

NUMBER = "+14155552344"
_CONTENT = ContentList.ContentCreateRequest(
    {
        "friendly_name": "greeting",
        "language": "en",
        "variables": {"1": "you"},
        "types": ContentList.Types({"twilio/text": ContentList.TwilioText({"body": "Hello {{1}}"})}),
    }
)
_FLOW = {
    "description": "nothing",
    "initial_state": "Trigger",
    "states": [{"name": "Trigger", "type": "trigger", "properties": {}, "transitions": []}],
}

# The list of a resource that can be made, fetched, listed and deleted; what it is made of.
KEPT: Mapping[str, Mapping[str, Any]] = {
    "accounts.v1.credentials.public_key": {"public_key": "MIIB", "friendly_name": "ours"},
    "api.v2010.account.queues": {"friendly_name": "waiting"},
    "chat.v2.services": {"friendly_name": "ours"},
    "content.v1.contents": {"content_create_request": _CONTENT},
    "conversations.v1.conversations": {"friendly_name": "ours"},
    "events.v1.sinks": {
        "description": "ours",
        "sink_configuration": {"destination": "https://example.com", "method": "POST"},
        "sink_type": "webhook",
    },
    "flex_api.v1.flex_flow": {
        "friendly_name": "ours",
        "chat_service_sid": f"IS{0:032x}",
        "channel_type": "web",
    },
    "intelligence.v2.services": {"unique_name": "ours"},
    "ip_messaging.v2.services": {"friendly_name": "ours"},
    "messaging.v1.services": {"friendly_name": "ours"},
    "notify.v1.services": {"friendly_name": "ours"},
    "numbers.v2.regulatory_compliance.bundles": {"friendly_name": "ours", "email": "a@example.com"},
    "proxy.v1.services": {"unique_name": "ours"},
    "serverless.v1.services": {"unique_name": "ours", "friendly_name": "Ours"},
    "studio.v2.flows": {"friendly_name": "ours", "status": "draft", "definition": _FLOW},
    "sync.v1.services": {"friendly_name": "ours"},
    "taskrouter.v1.workspaces": {"friendly_name": "ours"},
    "trunking.v1.trunks": {"friendly_name": "ours"},
    "trusthub.v1.end_users": {"friendly_name": "ours", "type": "customer_profile_business_information"},
    "verify.v2.services": {"friendly_name": "ours"},
    "voice.v1.connection_policies": {"friendly_name": "ours"},
    "wireless.v1.rate_plans": {"unique_name": "ours"},
}

# Made, fetched and listed; Twilio has no DELETE for them.
MADE: Mapping[str, Mapping[str, Any]] = {
    "supersim.v1.network_access_profiles": {"unique_name": "ours"},
    "video.v1.rooms": {"unique_name": "ours"},
}

# What is read or set, but not made: configuration, catalogues, logs.
READ: Mapping[str, Callable[[Client], Any]] = {
    "bulkexports": lambda client: client.bulkexports.v1.export_configuration("Messages").fetch(),
    "iam": lambda client: client.iam.v1.get_api_keys.list(account_sid=client.account_sid),
    "insights": lambda client: client.insights.v1.settings().fetch(),
    "knowledge": lambda client: client.knowledge.v1.knowledge.list(limit=5),
    "lookups": lambda client: client.lookups.v2.rate_limits.fetch(),
    "marketplace": lambda client: client.marketplace.v1.available_add_ons.list(limit=5),
    "monitor": lambda client: client.monitor.v1.alerts.list(limit=5),
    "preview": lambda client: client.preview.wireless.sims.list(limit=5),
    "pricing": lambda client: client.pricing.v1.messaging.countries.list(limit=5),
    "routes": lambda client: client.routes.v2.phone_numbers(NUMBER).update(voice_region="us1"),
}

# They answer with a token to what an account has registered; tests/api has them.
TOKENS = {"oauth", "preview_iam"}

# Its users come by signing in, which is not there: nothing to read but their absence.
BY_ACTIVITY = {"frontline_api"}

# In the newest package, but not in the documents that the contract is made of.
NOT_IN_THE_CONTRACT = {"memory", "webhooks"}


@pytest.mark.parametrize("path", sorted({**KEPT, **MADE}))
def test_what_is_made_is_found(client: Client, path: str) -> None:
    resource = attrgetter(path)(client)
    made = resource.create(**{**KEPT, **MADE}[path])
    assert resource(made.sid).fetch().sid == made.sid
    assert made.sid in {each.sid for each in resource.list(limit=20)}


@pytest.mark.parametrize("path", sorted(KEPT))
def test_what_is_deleted_is_gone(client: Client, path: str) -> None:
    resource = attrgetter(path)(client)
    made = resource.create(**KEPT[path])
    assert resource(made.sid).delete()
    with pytest.raises(TwilioRestException) as gone:
        resource(made.sid).fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)
    assert made.sid not in {each.sid for each in resource.list(limit=20)}


@pytest.mark.parametrize("product", sorted(READ))
def test_what_is_read_answers(client: Client, product: str) -> None:
    assert READ[product](client) is not None


def test_what_only_activity_makes_is_absent(client: Client) -> None:
    with pytest.raises(TwilioRestException) as absent:
        client.frontline_api.v1.users(f"US{0:032x}").fetch()
    assert (absent.value.status, absent.value.code) == (404, 20404)


def test_a_route_is_kept(client: Client) -> None:
    client.routes.v2.phone_numbers(NUMBER).update(voice_region="ie1", friendly_name="Dublin")
    fetched = client.routes.v2.phone_numbers(NUMBER).fetch()
    assert (fetched.voice_region, fetched.friendly_name) == ("ie1", "Dublin")


def test_a_document_inside_a_service(client: Client) -> None:
    service = client.sync.v1.services.create(friendly_name="ours")
    documents = client.sync.v1.services(service.sid).documents
    made = documents.create(unique_name="cart", data={"apples": 2})
    assert documents("cart").fetch().data == {"apples": 2}
    assert documents(made.sid).update(data={"apples": 3}).data == {"apples": 3}


def test_every_product_is_tried(client: Client) -> None:
    tried = {path.partition(".")[0] for path in (*KEPT, *MADE, *READ)}
    assert {name for name, _domain in domains(client)} == tried | TOKENS | BY_ACTIVITY | NOT_IN_THE_CONTRACT
