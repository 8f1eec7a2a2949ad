"""Whoever guesses secrets is slowed down; whoever knows one is not."""

from __future__ import annotations

from base64 import b64encode

from serving import Client

from localloop.rest.throttle import BURST

OWN = "/2010-04-01/Accounts/{}.json"
ELSEWHERE = "192.0.2.7"


def basic(name: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


async def guess(client: Client, name: str, times: int, address: str = ELSEWHERE) -> list[int]:
    # The first character is another each time: it must not make another name of it.
    guesses = [basic(name, f"{n}x") for n in range(times)]
    return [(await client("GET", OWN.format(name), headers=each, address=address)).status for each in guesses]


async def test_past_a_number_of_failures_the_answer_is_429(client: Client) -> None:
    child = (await client("POST", "/2010-04-01/Accounts.json")).json()["sid"]
    assert await guess(client, client.account_sid, BURST + 5) == [401] * BURST + [429] * 5
    assert (await client("GET", OWN.format(client.account_sid), address=ELSEWHERE)).status == 200
    assert await guess(client, child, 1) == [401]
    assert await guess(client, client.account_sid, 1, "192.0.2.8") == [401]


async def test_clients_of_the_token_endpoint_too(client: Client) -> None:
    async def ask(name: str) -> int:
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": "guessed"}
        return (await client("POST", "/oauth/v2/token", form, address=ELSEWHERE)).status

    assert [await ask("SK" + "0" * 32) for _ in range(BURST + 1)] == [401] * BURST + [429]
    assert await ask("SK" + "1" * 32) == 401


async def test_up_does_not_slow_down_its_own_machine(client: Client) -> None:
    assert set(await guess(client, client.account_sid, BURST + 5, "127.0.0.1")) == {401}
