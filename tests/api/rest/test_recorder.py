"""The record of requests: what is on it, what never is, how much of it, and how it forgets."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from serving import Client, served
from waiting import until

from localloop.core import clock, sids
from localloop.rest import recorder
from localloop.rest.recorder import Recorder, forget, prune
from localloop.store import Database

FORM = {"To": "+15558675310", "From": "+15017122661", "Body": "the text"}
SECRET = "s3cr3t-va1ue-of-mine"


def messages(client: Client) -> str:
    return f"/2010-04-01/Accounts/{client.account_sid}/Messages.json"


async def recorded(database: Database, count: int = 1) -> list[Any]:
    """The rows, oldest first, once there are this many."""
    select = "select * from requests order by id"
    return list(await until(lambda: database.fetch(select), lambda rows: len(rows) >= count))


async def test_a_write_is_on_record(database: Database, client: Client) -> None:
    made = await client("POST", messages(client), FORM, headers={"user-agent": "twilio-python/9"})
    (row,) = await recorded(database)
    assert sids.from_uuid("RQ", row["id"]) == made.headers["twilio-request-id"]
    assert (row["account_sid"], row["world_sid"]) == (client.account_sid, client.account_sid)
    assert (row["method"], row["path"], row["status"]) == ("POST", messages(client), 201)
    assert (row["operation"], row["verb"], row["error_code"]) == ("api.v2010.CreateMessage", "create", None)
    assert row["resource_sid"] == made.json()["sid"]
    assert row["caller"] == client.account_sid
    assert row["from_console"] is False
    assert row["duration_ms"] > 0
    request, response = row["detail"]["request"], row["detail"]["response"]
    assert request["body"] == "To=%2B15558675310&From=%2B15017122661&Body=the+text"
    assert ["User-Agent", "twilio-python/9"] in request["headers"]
    assert request["url"] == f"http://127.0.0.1:4010{messages(client)}"
    assert orjson.loads(response["body"]) == made.json()
    assert (response["status"], response["truncated"]) == (201, False)


async def test_a_refusal_is_on_record_with_its_reason(database: Database, client: Client) -> None:
    await client("POST", messages(client), {**FORM, "To": "12"})
    await client("GET", messages(client).replace("Messages", "Mesages"))
    await client("POST", messages(client), FORM, headers={"authorization": "Basic QUMxOng="})
    bad, lost, unknown = await recorded(database, 3)
    assert (bad["status"], bad["error_code"], bad["resource_sid"]) == (400, 21211, None)
    assert "To" in bad["error"]
    assert orjson.loads(bad["detail"]["response"]["body"])["code"] == 21211
    assert (lost["status"], lost["error_code"], lost["account_sid"]) == (404, 20404, client.account_sid)
    assert (unknown["status"], unknown["error_code"], unknown["caller"]) == (401, 20003, None)
    assert unknown["account_sid"] == client.account_sid
    assert unknown["detail"]["request"]["body"] == ""  # it was not read


async def test_a_read_that_went_well_is_not(database: Database, client: Client) -> None:
    assert (await client("GET", messages(client))).status == 200
    await client("POST", messages(client), FORM)
    assert [row["method"] for row in await recorded(database)] == ["POST"]


async def test_later_requests_about_a_message_name_it(database: Database, client: Client) -> None:
    sid = (await client("POST", messages(client), FORM)).json()["sid"]
    one = messages(client).replace(".json", f"/{sid}.json")
    assert (await client("POST", one, {"Status": "canceled"})).status == 200
    assert (await client("POST", one, {"Status": "canceled"})).status == 400
    rows = await recorded(database, 3)
    assert {row["resource_sid"] for row in rows} == {sid}
    assert [(row["verb"], row["status"]) for row in rows] == [
        ("create", 201),
        ("update", 200),
        ("update", 400),
    ]


async def test_long_bodies_are_cut(database: Database, client: Client) -> None:
    data = {"k": "x" * 30_000}
    await client("POST", "/sync/v1/Services", {"FriendlyName": "y" * 20_000})
    service = (await client("POST", "/sync/v1/Services", {})).json()["sid"]
    await client("POST", f"/sync/v1/Services/{service}/Documents", {"Data": orjson.dumps(data).decode()})
    rows = await recorded(database, 3)
    for row in (rows[0], rows[2]):
        request = row["detail"]["request"]
        assert request["truncated"] is True
        assert len(request["body"]) <= recorder.BODY_LIMIT
    assert rows[2]["detail"]["response"]["truncated"] is True
    assert rows[1]["detail"]["request"]["truncated"] is False


# Secrets ---------------------------------------------------------------------------------------------------------


async def test_no_secret_is_ever_stored(database: Database, client: Client) -> None:
    """Every kind: credentials of the request, parameters, answers, documents in values, addresses, echoes."""
    account = f"/2010-04-01/Accounts/{client.account_sid}"
    answers = [
        await client("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"}),
        await client("POST", "/2010-04-01/Accounts", {"FriendlyName": "in XML"}),
        await client("POST", f"{account}/Keys.json", {"FriendlyName": "CI"}),
        await client("POST", "/accounts/v1/AuthTokens/Secondary"),
        await client("POST", f"{account}/Tokens.json", {"Ttl": "60"}),
    ]
    service = (
        await client("POST", "/serverless/v1/Services", {"UniqueName": "s", "FriendlyName": "s"})
    ).json()
    stage = await client(
        "POST", f"/serverless/v1/Services/{service['sid']}/Environments", {"UniqueName": "e"}
    )
    variables = f"/serverless/v1/Services/{service['sid']}/Environments/{stage.json()['sid']}/Variables"
    lists = (await client("POST", f"{account}/SIP/CredentialLists.json", {"FriendlyName": "l"})).json()["sid"]
    kept = f"{account}/SIP/CredentialLists/{lists}/Credentials.json"
    forms: list[tuple[str, Any]] = [
        (variables, {"Key": "STRIPE", "Value": SECRET}),
        (kept, {"Username": "me", "Password": SECRET}),
        ("/chat/v2/Credentials", {"Type": "fcm", "Secret": SECRET, "ApiKey": SECRET, "PrivateKey": SECRET}),
        ("/accounts/v1/Credentials/AWS", {"Credentials": f"AKIA:{SECRET}"}),
        (
            "/oauth/v1/token",
            {"grant_type": "client_credentials", "client_id": "OQ1", "client_secret": SECRET},
        ),
        ("/sync/v1/Services", {"FriendlyName": "x", "WebhookUrl": f"https://me:{SECRET}@example.com/"}),
        (messages(client), {**FORM, "StatusCallback": f"https://example.com/?api_key={SECRET}"}),
        (messages(client), {"AuthToken": SECRET, "To": "x"}),
        (f"{messages(client)}?AuthToken={SECRET}&Password={SECRET}", {"To": "x"}),
        (messages(client), orjson.dumps({"AuthToken": SECRET})),
    ]
    for path, form in forms:
        await client("POST", path, form)
    await client("POST", "/chat/v2/Credentials", json={"Type": "fcm", "Secret": {"is": [SECRET]}})
    await client(
        "POST", messages(client), FORM, headers={"authorization": f"Bearer {SECRET}", "cookie": SECRET}
    )
    await client("POST", messages(client), json={"secret": SECRET})
    made = [answer.json() for index, answer in enumerate(answers) if index != 1]
    secrets = [SECRET, made[0]["auth_token"], made[1]["secret"], made[2]["secondary_auth_token"]]
    secrets += [made[3]["password"], answers[1].body.decode().split("<AuthToken>")[1].split("<")[0]]
    assert all(len(secret) >= 20 for secret in secrets)
    rows = await recorded(database, 18)
    stored = orjson.dumps([dict(row) for row in rows], default=str).decode()
    for secret in (*secrets, _password_of(client)):
        assert secret not in stored
    assert "STRIPE" in stored
    assert {row["status"] for row in rows} >= {201, 400}


def _password_of(client: Client) -> str:
    """What every request of the client carried."""
    return client._authorization.decode().removeprefix("Basic ")


# Bounds ----------------------------------------------------------------------------------------------------------


async def test_what_is_too_much_is_counted_and_refusals_have_room(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "monotonic", lambda: 1000.0)  # all in one second
    async with served(database, recorded_requests=10) as client:
        made = [await client("POST", messages(client), FORM) for _ in range(30)]
        refused = [await client("POST", messages(client), {**FORM, "To": "12"}) for _ in range(5)]
        metrics = (await client("GET", "/metrics")).body.decode()
    assert {answer.status for answer in made} == {201}
    assert {answer.status for answer in refused} == {400}
    rows = await database.fetch("select * from requests order by id")
    assert [row["status"] for row in rows] == [201] * 8 + [400] * 2
    assert "\nlocalloop_unrecorded_requests_total 25.0\n" in metrics
    assert sum(row["missed"] for row in rows) in range(1, 26)  # what was left out before them


async def test_the_next_second_has_room_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(1000, 1100))
    monkeypatch.setattr(recorder, "monotonic", lambda: float(next(seconds)))
    async with served(database, recorded_requests=1) as client:
        for _ in range(3):
            await client("POST", messages(client), FORM)
    assert await database.fetchval("select count(*) from requests") == 3


async def test_nothing_is_recorded_where_it_is_off(database: Database) -> None:
    async with served(database, recorded_requests=0) as client:
        await client("POST", messages(client), FORM)
        await client("POST", messages(client), {})
    assert await database.fetchval("select count(*) from requests") == 0


async def test_a_database_that_is_away_costs_the_record_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(Recorder, "_insert", fail)
    async with served(database) as client:
        assert (await client("POST", messages(client), FORM)).status == 201
    monkeypatch.undo()
    assert await database.fetchval("select count(*) from requests") == 0


async def test_the_record_is_bounded_by_count_and_age(
    database: Database, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await client("POST", messages(client), FORM)
    rows = await recorded(database, 5)
    old = sids.bound(clock.now() - recorder.KEPT_FOR)
    await database.execute("update requests set id = $2 where id = $1", rows[0]["id"], old)
    await prune(database)
    assert [row["id"] for row in await recorded(database)] == [row["id"] for row in rows[1:]]
    monkeypatch.setattr(recorder, "KEPT_ROWS", 2)
    await prune(database)
    assert [row["id"] for row in await recorded(database)] == [row["id"] for row in rows[3:]]


# Forgetting ------------------------------------------------------------------------------------------------------


async def test_a_text_that_is_forgotten_leaves_the_record(database: Database, client: Client) -> None:
    sid = (await client("POST", f"{messages(client)}?Body=the+text", FORM)).json()["sid"]
    await recorded(database)
    async with database.unit() as unit:
        await forget(unit, client.account_sid, sid, sids.new("RQ"))
    (row,) = await recorded(database)
    assert row["detail"] is None
    assert row["path"] == messages(client)
    assert (row["status"], row["resource_sid"]) == (201, sid)


async def test_a_text_is_forgotten_while_its_request_waits_to_be_recorded(
    database: Database, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is written after the redaction, perhaps by another process: without the text, but for the redaction's
    own request, which holds none."""
    go_on = asyncio.Event()
    insert = Recorder._insert

    async def later(self: Recorder, rows: Any) -> None:
        await go_on.wait()
        await insert(self, rows)

    monkeypatch.setattr(Recorder, "_insert", later)
    sid = (await client("POST", messages(client), FORM)).json()["sid"]
    await database.execute("update messages set status = 'delivered'")
    answer = await client("POST", messages(client).replace(".json", f"/{sid}.json"), {"Body": ""})
    assert answer.json()["body"] == ""
    go_on.set()
    create, redaction = await recorded(database, 2)
    assert create["detail"] is None
    assert redaction["detail"]["request"]["body"] == "Body="
    assert "the text" not in str(redaction["detail"])
