"""Twilio's Python package, untouched: accounts, keys, numbers and messages."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from localloop_process import Credentials
from redirect import to_localloop
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

FROM, TO = "+15551230000", "+15551230001"
MANY = 1_050


@pytest.fixture
def crowded(account: Credentials) -> set[str]:
    """More messages than one page may hold; their SIDs."""
    url = f"{account.url}/2010-04-01/Accounts/{account.account_sid}/Messages.json"

    def send(share: range) -> list[str]:
        with requests.Session() as session:
            session.auth = account.auth
            return [_created(session, url, index) for index in share]

    with ThreadPoolExecutor(8) as pool:
        shares = pool.map(send, (range(start, MANY, 8) for start in range(8)))
        return {sid for share in shares for sid in share}


def _created(session: requests.Session, url: str, index: int) -> str:
    answer = session.post(url, {"From": FROM, "To": TO, "Body": f"number {index}"}, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["sid"])


def _with(username: str, password: str, account: Credentials) -> Client:
    return to_localloop(Client(username, password, account.account_sid), account.url)


def test_the_own_account(client: Client, account: Credentials) -> None:
    fetched = client.api.accounts(account.account_sid).fetch()
    assert (fetched.sid, fetched.status) == (account.account_sid, "active")
    renamed = client.api.accounts(account.account_sid).update(friendly_name="Ours")
    assert renamed.friendly_name == "Ours"


def test_a_subaccount_lives_and_is_closed(client: Client, account: Credentials) -> None:
    made = client.api.accounts.create(friendly_name="Branch")
    assert made.owner_account_sid == account.account_sid
    assert made.sid in {each.sid for each in client.api.accounts.list()}

    assert client.api.accounts(made.sid).update(status="suspended").status == "suspended"
    assert client.api.accounts(made.sid).update(status="active").status == "active"
    assert client.api.accounts(made.sid).update(status="closed").status == "closed"
    assert made.sid in {each.sid for each in client.api.accounts.list(status="closed")}


def test_a_suspended_subaccount_may_not_send(client: Client) -> None:
    made = client.api.accounts.create(friendly_name="Branch")
    client.api.accounts(made.sid).update(status="suspended")
    with pytest.raises(TwilioRestException) as refused:
        client.api.accounts(made.sid).messages.create(from_=FROM, to=TO, body="Hello")
    assert refused.value.status in (401, 403)


def test_a_key_signs_in_until_it_is_revoked(client: Client, account: Credentials) -> None:
    made = client.new_keys.create(friendly_name="deploy")
    assert made.sid.startswith("SK")
    assert made.secret
    assert client.keys(made.sid).fetch().friendly_name == "deploy"
    assert made.sid in {each.sid for each in client.keys.list()}

    by_key = _with(made.sid, made.secret, account)
    try:
        assert by_key.messages.create(from_=FROM, to=TO, body="Hello").account_sid == account.account_sid
        assert client.keys(made.sid).delete()
        with pytest.raises(TwilioRestException) as refused:
            by_key.messages.create(from_=FROM, to=TO, body="Hello")
    finally:
        by_key.http_client.session.close()
    assert refused.value.status == 401


def test_a_number_is_searched_bought_changed_and_released(client: Client) -> None:
    found = client.available_phone_numbers("US").local.list(area_code=415, limit=3)
    assert len(found) == 3
    assert all(each.phone_number.startswith("+1415") for each in found)

    wanted = found[0].phone_number
    bought = client.incoming_phone_numbers.create(phone_number=wanted, sms_url="https://example.com/sms")
    assert bought.phone_number == wanted
    assert [each.sid for each in client.incoming_phone_numbers.list(phone_number=wanted)] == [bought.sid]
    assert wanted not in {
        each.phone_number for each in client.available_phone_numbers("US").local.list(area_code=415, limit=3)
    }

    changed = client.incoming_phone_numbers(bought.sid).update(sms_url="https://example.com/other")
    assert changed.sms_url == "https://example.com/other"
    assert client.incoming_phone_numbers(bought.sid).delete()
    with pytest.raises(TwilioRestException) as gone:
        client.incoming_phone_numbers(bought.sid).fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)


def test_a_message_is_sent_fetched_redacted_and_deleted(client: Client, account: Credentials) -> None:
    sent = client.messages.create(from_=FROM, to=TO, body="Hello")
    assert (sent.from_, sent.to, sent.body, sent.num_segments) == (FROM, TO, "Hello", "1")
    _wait(account, TO, "Hello")

    assert client.messages(sent.sid).fetch().body == "Hello"
    assert client.messages(sent.sid).update(body="").body == ""
    _until_final(client, sent.sid)
    assert client.messages(sent.sid).delete()
    with pytest.raises(TwilioRestException) as gone:
        client.messages(sent.sid).fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)


def _wait(account: Credentials, number: str, pattern: str) -> None:
    answer = requests.get(
        f"{account.url}/lab/v1/Phones/{number}/Messages/Wait",
        params={"Matches": pattern, "Direction": "received", "Timeout": "10"},
        auth=account.auth,
        timeout=20,
    )
    assert answer.status_code == 200, answer.text


def _until_final(client: Client, sid: str) -> None:
    """The phone has it before the delivery receipt is back."""
    statuses = (client.messages(sid).fetch().status for _ in range(500))
    assert next((status for status in statuses if status == "delivered"), None)


def test_a_message_without_a_recipient_is_refused(client: Client) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(from_=FROM, to="", body="Hello")
    assert (refused.value.status, refused.value.code) == (400, 21604)


def test_paging_over_more_than_a_thousand(client: Client, crowded: set[str]) -> None:
    assert len(crowded) == MANY
    streamed = [each.sid for each in client.messages.stream()]
    assert len(streamed) == MANY
    assert set(streamed) == crowded

    assert [each.sid for each in client.messages.list(limit=1_010, page_size=1_000)] == streamed[:1_010]

    first = client.messages.page(page_size=1_000)
    second = first.next_page()
    assert second is not None
    pages = [_sids(first), _sids(second)]
    assert [len(page) for page in pages] == [1_000, MANY - 1_000]
    assert [*pages[0], *pages[1]] == streamed
    assert second.next_page() is None
    previous = second.previous_page()
    assert previous is not None
    assert _sids(previous) == pages[0]


def _sids(page: Iterator[object]) -> list[str]:
    return [each.sid for each in page]  # type: ignore[attr-defined]
