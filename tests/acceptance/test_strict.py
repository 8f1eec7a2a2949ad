"""`--strict`, `--plain` and `--public-url` on a running localloop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from installed import Home, Up

STRANGER = "AC00000000000000000000000000000001"


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    options = ("--strict", "--plain", "refuse", "--public-url", "https://loop.example.test", "--single")
    up = home.up("--ephemeral", *options)
    yield up
    up.destroy()


def test_unknown_accounts_and_keys_are_refused(up: Up) -> None:
    for name in (STRANGER, "SK00000000000000000000000000000001"):
        for account in (STRANGER, up.sid):
            url = f"{up.url}/2010-04-01/Accounts/{account}/Messages.json"
            answer = requests.get(url, auth=(name, "any-token-you-like"), timeout=20)
            assert (answer.status_code, answer.json()["code"]) == (401, 20003)
            assert answer.headers["WWW-Authenticate"] == 'Basic realm="Twilio API"'


@pytest.mark.parametrize(
    ("to", "from_", "code"),
    [("+15558675310", "+14155550101", 21211), ("+14155550100", "+14155550101", 21659)],
    ids=["not a valid number", "a sender that is not bought"],
)
def test_numbers_are_not_adopted_and_must_be_valid(up: Up, to: str, from_: str, code: int) -> None:
    url = f"{up.url}/2010-04-01/Accounts/{up.sid}/Messages.json"
    form = {"To": to, "From": from_, "Body": "hello"}
    answer = requests.post(url, form, auth=(up.sid, up.token), timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_what_is_plain_is_refused(up: Up) -> None:
    answer = requests.get(f"{up.url}/sync/v1/Services", auth=(up.sid, up.token), timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (501, 20501)
    assert answer.headers["Localloop-Coverage"] == "plain"
    behaves = requests.get(f"{up.url}/2010-04-01/Accounts.json", auth=(up.sid, up.token), timeout=20)
    assert behaves.status_code == 200
    assert "Localloop-Coverage" not in behaves.headers


def test_the_public_name_and_its_products_are_hosts(up: Up) -> None:
    for host in ("loop.example.test", "api.loop.example.test"):
        answer = requests.get(
            f"{up.url}/2010-04-01/Accounts.json", headers={"Host": host}, auth=(up.sid, up.token), timeout=20
        )
        assert answer.status_code == 200
    other = requests.get(f"{up.url}/2010-04-01/Accounts.json", headers={"Host": "example.test"}, timeout=20)
    assert other.status_code == 421
