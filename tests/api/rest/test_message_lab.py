"""What the lab offers for messages, as it is served: an account's settings, uploads, many deleted at once."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from serving import Client

from localloop.core import clock, sids
from localloop.store import Database

SETTINGS, DELETIONS = "/lab/v1/MessagingSettings", "/lab/v1/MessageDeletions"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


async def test_an_account_chooses_and_its_subaccounts_follow(client: Client) -> None:
    held = (await client("GET", SETTINGS)).json()
    assert (held["media_auth"], held["media_fetch"], held["mms"], held["retention_days"]) == (
        False,
        True,
        True,
        0,
    )
    chosen = {"MediaAuth": "true", "RetentionDays": "30"}
    assert (await client("POST", SETTINGS, chosen)).json()["media_auth"] is True
    held = (await client("POST", SETTINGS, {"Mms": "false"})).json()
    assert (held["media_auth"], held["mms"], held["retention_days"]) == (True, False, 30)
    made = (await client("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})).json()
    below = client.acting_as(made["sid"], made["auth_token"])
    held = (await below("POST", SETTINGS, {"RetentionDays": "0"})).json()
    assert (held["account_sid"], held["media_auth"], held["retention_days"]) == (made["sid"], True, 0)
    assert (await client("POST", SETTINGS, {"RetentionDays": "-1"})).status == 400


def form(kind: str) -> tuple[bytes, dict[str, str]]:
    """A multipart body with a file."""
    head = (
        b'--XX\r\nContent-Disposition: form-data; name="ContentType"\r\n\r\n' + kind.encode() + b"\r\n"
        b'--XX\r\nContent-Disposition: form-data; name="Content"; filename="a"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n"
    )
    return head + PNG + b"\r\n--XX--\r\n", {"content-type": "multipart/form-data; boundary=XX"}


async def test_a_file_is_uploaded_and_found(client: Client) -> None:
    body, headers = form("image/png")
    made = await client("POST", "/lab/v1/Uploads", body, headers=headers)
    assert made.status == 201, made.body
    kept = made.json()
    assert (kept["content_type"], kept["size"]) == ("image/png", len(PNG))
    path = urlsplit(kept["address"]).path
    found = await client("GET", path, headers={"authorization": ""})
    assert (found.status, found.headers["content-type"], found.body) == (200, "image/png", PNG)
    assert found.headers["x-content-type-options"] == "nosniff"
    assert (await client("GET", path[:-1] + "~", headers={"authorization": ""})).status == 404


async def test_an_upload_goes_with_a_text_without_a_fetch(client: Client, database: Database) -> None:
    """Its bytes are the message's at once: no worker runs here."""
    body, headers = form("image/png")
    address = (await client("POST", "/lab/v1/Uploads", body, headers=headers)).json()["address"]
    account = f"/2010-04-01/Accounts/{client.account_sid}"
    sent = {"To": "+15558675310", "From": "+15017122661", "Body": "x"}
    assert (await client("POST", f"{account}/Messages.json", sent)).status == 201
    text = {"To": "+15017122661", "MediaUrl": address}
    texted = (await client("POST", "/lab/v1/Phones/+15558675310/Messages", text)).json()
    [media] = (await client("GET", f"{account}/Messages/{texted['message_sid']}/Media.json")).json()[
        "media_list"
    ]
    moved = await client("GET", f"{account}/Messages/{texted['message_sid']}/Media/{media['sid']}")
    parts = urlsplit(moved.headers["location"])
    found = await client(
        "GET", f"{parts.path}?{parts.query}", headers={"authorization": "", "range": "bytes=1-3"}
    )
    assert (moved.status, found.status, found.body) == (307, 206, b"PNG")


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/octet-stream"])
async def test_what_carriers_do_not_take_is_not_uploaded(client: Client, kind: str) -> None:
    body, headers = form(kind)
    refused = await client("POST", "/lab/v1/Uploads", body, headers=headers)
    assert (refused.status, refused.json()["code"]) == (400, 12300)


async def test_a_deletion_is_begun_found_and_canceled(client: Client, database: Database) -> None:
    before = (clock.now() - timedelta(days=1)).replace(microsecond=0)
    asked = {"CreatedBefore": before.isoformat(), "To": "(555) 867-5310", "Status": "failed"}
    made = await client("POST", DELETIONS, asked)
    assert made.status == 202
    begun = made.json()
    assert begun["filters"] == {
        "created_before": before.isoformat().replace("+00:00", "Z"),
        "to": "+15558675310",
        "status": "failed",
    }
    assert (begun["status"], begun["total"], begun["deleted"]) == ("queued", None, 0)
    path = urlsplit(begun["url"]).path
    assert (await client("GET", path)).json() == begun
    assert (await client("POST", path, {"Status": "canceled"})).json()["status"] == "canceled"
    assert (await client("POST", path, {"Status": "canceled"})).status == 409
    other = (await client("POST", DELETIONS, {})).json()
    listed = (await client("GET", DELETIONS)).json()["message_deletions"]
    assert [each["sid"] for each in listed] == [other["sid"], begun["sid"]]
    page = (await client("GET", f"{DELETIONS}?PageSize=1")).json()
    second = urlsplit(page["meta"]["next_page_url"])
    rest = (await client("GET", f"{second.path}?{second.query}")).json()["message_deletions"]
    assert [each["sid"] for each in rest] == [begun["sid"]]
    assert (await client("GET", f"{DELETIONS}/{sids.new('MD')}")).status == 404
    assert (await client("POST", DELETIONS, {"Status": "queued"})).status == 400


@pytest.mark.parametrize(("parameter", "code"), [("ContentRetention", 30029), ("AddressRetention", 30030)])
async def test_what_is_no_retention(client: Client, parameter: str, code: int) -> None:
    asked = {"To": "+15558675310", "From": "+15017122661", "Body": "x", parameter: "some"}
    refused = await client("POST", f"/2010-04-01/Accounts/{client.account_sid}/Messages.json", asked)
    assert (refused.status, refused.json()["code"]) == (400, code)
