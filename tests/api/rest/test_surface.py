"""How requests find their operation, and how the engine answers what is wrong with them (Twilio's API reference)."""

from __future__ import annotations

import pytest
from serving import Client

SERVICES = "/sync/v1/Services"


@pytest.mark.parametrize(
    "host",
    ["sync.twilio.com", "sync.us1.twilio.com", "sync.ashburn.us1.twilio.com", "SYNC.twilio.com:443"],
)
async def test_a_product_is_named_by_the_host(standing: Client, host: str) -> None:
    reply = await standing("GET", "/v1/Services", headers={"host": host})
    assert reply.status == 200
    assert reply.json()["meta"]["url"].startswith("http://sync.")


@pytest.mark.parametrize(
    "host", ["sync.nowhere.twilio.com", "nothing.twilio.com", "sync.mars.us1.twilio.com"]
)
async def test_unknown_labels_are_404(standing: Client, host: str) -> None:
    assert (await standing("GET", "/v1/Services", headers={"host": host})).status == 404


async def test_credentials_belong_to_a_region(standing: Client) -> None:
    reply = await standing("GET", "/v1/Services", headers={"host": "sync.dublin.ie1.twilio.com"})
    assert (reply.status, reply.json()["code"]) == (401, 20003)
    assert "www-authenticate" in reply.headers


async def test_a_path_without_product_says_what_to_write(standing: Client) -> None:
    reply = await standing("GET", "/v2/Services")
    assert (reply.status, reply.json()["code"]) == (404, 20404)
    assert b"/verify/v2/Services" in reply.body


@pytest.mark.parametrize(
    "path", ["/2008-08-01/Accounts/{}/Messages", "/2010-04-01/Accounts/{}/SMS/Messages.json"]
)
async def test_what_twilio_gave_up_is_unknown(standing: Client, path: str) -> None:
    """docs/differences.md says so."""
    reply = await standing("GET", path.format(standing.account_sid))
    assert (reply.status, reply.json()["code"]) == (404, 20404)


async def test_a_wrong_method_is_405(standing: Client) -> None:
    reply = await standing("DELETE", SERVICES)
    assert (reply.status, reply.json()["code"]) == (405, 20004)


async def test_put_updates_and_creates_nothing(client: Client) -> None:
    assert (await client("PUT", SERVICES, {"FriendlyName": "x"})).status == 405
    assert (await client("GET", SERVICES)).json()["services"] == []
    service = f"{SERVICES}/{(await client('POST', SERVICES)).json()['sid']}"
    assert (await client("PATCH", service, {"FriendlyName": "x"})).status == 405
    assert (await client("PUT", service, {"FriendlyName": "x"})).json()["friendly_name"] == "x"


async def test_options_names_the_methods(standing: Client) -> None:
    reply = await standing("OPTIONS", SERVICES)
    assert reply.status == 204
    assert reply.headers["allow"] == "GET, OPTIONS, POST"


async def test_head_is_get_without_a_body(standing: Client) -> None:
    reply = await standing("HEAD", SERVICES)
    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [("", "application/xml"), (".xml", "application/xml"), (".csv", "text/csv"), (".json", "json")],
)
async def test_the_2010_api_answers_in_the_format_of_its_path(
    standing: Client, suffix: str, kind: str
) -> None:
    for path in ("Queues", "Nothing"):
        reply = await standing("GET", f"/2010-04-01/Accounts/{standing.account_sid}/{path}{suffix}")
        assert reply.status == (200 if path == "Queues" else 404)
        assert kind in reply.headers["content-type"]


async def test_a_foreign_origin_is_refused_preflight_too(standing: Client) -> None:
    for method in ("OPTIONS", "POST", "GET"):
        reply = await standing(method, SERVICES, headers={"origin": "https://evil.example"})
        assert reply.status == 403
        assert "access-control-allow-origin" not in reply.headers


async def test_a_foreign_host_is_misdirected(standing: Client) -> None:
    reply = await standing("GET", SERVICES, headers={"host": "rebound.example:4010"})
    assert reply.status == 421


async def test_a_body_over_one_mebibyte(standing: Client) -> None:
    reply = await standing("POST", SERVICES, b"FriendlyName=" + b"x" * (1024 * 1024))
    assert reply.status == 413


@pytest.mark.parametrize("body", [b"FriendlyName=%ff%fe", b"FriendlyName=\xff", b"FriendlyName=a%00b"])
async def test_broken_encodings_are_400(standing: Client, body: bytes) -> None:
    assert (await standing("POST", SERVICES, body)).status == 400


@pytest.mark.parametrize("segment", ["%00", "a%00b", "%ff", "%C3%28"])
@pytest.mark.parametrize(
    "folder", ["/sync/v1/Services", "/2010-04-01/Accounts/{}/Applications", "/2010-04-01/Accounts"]
)
async def test_what_is_no_text_in_a_path_names_nothing(standing: Client, folder: str, segment: str) -> None:
    reply = await standing("GET", f"{folder.format(standing.account_sid)}/{segment}.json")
    assert (reply.status, reply.json()["code"]) == (404, 20404)


async def test_broken_percent_encoding(standing: Client) -> None:
    for target, body in (
        (SERVICES, b"FriendlyName=%zz"),
        (SERVICES, b"FriendlyName=%4"),
        (f"{SERVICES}?PageSize=%", None),
    ):
        reply = await standing("POST" if body else "GET", target, body)
        assert (reply.status, reply.json()["code"]) == (400, 20001)


async def test_what_is_plain_says_so(standing: Client) -> None:
    assert (await standing("GET", SERVICES)).headers["localloop-coverage"] == "plain"


async def test_no_credentials(standing: Client) -> None:
    reply = await standing("GET", SERVICES, headers={"authorization": "Basic bm86Ym9keQ=="})
    assert (reply.status, reply.json()["code"]) == (401, 20003)


async def test_products_for_this_machine_alone(standing: Client) -> None:
    assert (await standing("GET", "/lab/v1/Phones")).status == 200
    for host in ("", "lab.twilio.com"):
        path, headers = ("/v1/Phones", {"host": host}) if host else ("/lab/v1/Phones", {})
        reply = await standing("GET", path, headers=headers, address="192.0.2.7")
        assert (reply.status, reply.json()["code"]) == (404, 20404)


@pytest.mark.parametrize("path", ["/sync/v1/Services/%00", "/sync/v1/Services/a%00b/Documents", "/%00"])
async def test_no_record_has_a_name_with_a_nul(standing: Client, path: str) -> None:
    reply = await standing("GET", path)
    assert (reply.status, reply.json()["code"]) == (404, 20404)


async def test_a_bound_of_a_date_is_a_date(client: Client) -> None:
    """The document of Conversations says only that it is text."""
    conversations = "/conversations/v1/Conversations"
    assert (await client("POST", conversations)).status == 201
    refused = await client("GET", f"{conversations}?StartDate=soon")
    assert (refused.status, refused.json()["code"]) == (400, 20001)
    for query, count in (("StartDate=2020-01-01", 1), ("EndDate=2020-01-01", 0)):
        assert len((await client("GET", f"{conversations}?{query}")).json()["conversations"]) == count


async def test_json_in_a_text_may_name_a_nul(client: Client) -> None:
    """PostgreSQL's JSON holds none, so the field keeps the text."""
    text = '{"a": "\\u0000"}'
    reply = await client("POST", "/marketplace/v1/Listings", {"ModuleInfo": text})
    assert (reply.status, reply.json()["module_info"]) == (200, text)


async def test_bytes_of_others_are_no_page_of_ours(client: Client) -> None:
    """Media leave from the console's origin, where a script in them would be signed in."""
    messages = f"/2010-04-01/Accounts/{client.account_sid}/Messages"
    form = {"To": "+15558675310", "From": "+15017122661", "MediaUrl": "https://example.com/drawing.svg"}
    sid = (await client("POST", f"{messages}.json", form)).json()["sid"]
    (media,) = (await client("GET", f"{messages}/{sid}/Media.json")).json()["media_list"]
    reply = await client("GET", f"{messages}/{sid}/Media/{media['sid']}")
    assert reply.status == 307
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert {"default-src 'none'", "sandbox"} <= set(reply.headers["content-security-policy"].split("; "))
