"""What webhooks are signed with: the account's primary auth token, whoever asked and whatever else is there.

The application of these tests shows each webhook to Twilio's own validators (tests/genuine.py), with that token.
"""

from __future__ import annotations

import validators
from application import Application
from localloop_process import Credentials
from redirect import to_localloop
from twilio.rest import Client

FROM, TO = "+15551230000", "+15551230001"


def _callbacks(client: Client, application: Application) -> list[str]:
    client.messages.create(from_=FROM, to=TO, body="x", status_callback=f"{application.url}/status")
    return [application.told("/status")["MessageStatus"] for _ in range(2)]


def test_the_secret_of_an_api_key_signs_nothing(
    account: Credentials, client: Client, application: Application
) -> None:
    key = client.new_keys.create(friendly_name="app")
    by_key = to_localloop(Client(key.sid, key.secret, account.account_sid), account.url)
    assert _callbacks(by_key, application) == ["sent", "delivered"]
    by_key.http_client.session.close()


def test_the_secondary_token_signs_once_it_is_promoted(
    account: Credentials, client: Client, application: Application
) -> None:
    assert _callbacks(client, application) == ["sent", "delivered"]
    secondary = client.accounts.v1.secondary_auth_token().create().secondary_auth_token
    assert _callbacks(client, application) == ["sent", "delivered"]

    client.accounts.v1.auth_token_promotion().update()
    validators.expect(account.account_sid, secondary)
    promoted = to_localloop(Client(account.account_sid, secondary), account.url)
    assert _callbacks(promoted, application) == ["sent", "delivered"]
    promoted.http_client.session.close()


def test_a_subaccount_signs_with_its_own_token(
    client: Client, account: Credentials, application: Application
) -> None:
    child = client.api.accounts.create(friendly_name="child")
    validators.expect(child.sid, child.auth_token)
    as_child = to_localloop(Client(child.sid, child.auth_token), account.url)
    assert _callbacks(as_child, application) == ["sent", "delivered"]
    as_child.http_client.session.close()
