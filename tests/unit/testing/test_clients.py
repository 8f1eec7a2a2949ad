"""Simulated webhooks reach real applications of Flask, Django and ASGI, which check them with Twilio's validator."""

from __future__ import annotations

from functools import cache
from typing import Any

import flask
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from localloop.testing import AUTH_TOKEN, WebhookRequest, request_for

BODY = "Grüezi & 100 % + = ?\n"
HTTPS = "https://app.example:8443/sms"
URLS = ["/sms", "/sms?x=1&y=a+b%20c", HTTPS, f"{HTTPS}?z=%2F"]


def _reply(body: str) -> str:
    answer = MessagingResponse()
    answer.message(f"You said: {body}")
    return str(answer)


def _is_genuine(url: str, form: object, signed: str | None) -> bool:
    return bool(RequestValidator(AUTH_TOKEN).validate(url, form, signed or ""))  # type: ignore[no-untyped-call]


@pytest.fixture(autouse=True)
def _no_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWILIO_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("TWILIO_ACCOUNT_SID", raising=False)


def _flask() -> flask.Flask:
    app = flask.Flask(__name__)

    @app.route("/sms", methods=["GET", "POST"])
    def sms() -> flask.Response:
        request = flask.request
        # request.url is decoded, which is not what was signed: http://app/?a=%2F becomes http://app/?a=/.
        url = request.host_url.removesuffix("/") + request.environ["REQUEST_URI"]
        if not _is_genuine(url, request.form, request.headers.get("X-Twilio-Signature")):
            flask.abort(403)
        assert request.headers["I-Twilio-Idempotency-Token"]
        return flask.Response(_reply(request.values["Body"]), mimetype="text/xml")

    return app


@cache
def _django() -> Any:
    """Django's test client; settings are made once for a process."""
    import django
    from django.conf import settings
    from django.http import HttpRequest, HttpResponse
    from django.test import AsyncClient, Client
    from django.test.utils import setup_test_environment
    from django.urls import path

    def sms(request: HttpRequest) -> HttpResponse:
        url, signed = request.build_absolute_uri(), request.headers.get("X-Twilio-Signature")
        if not _is_genuine(url, request.POST, signed):
            return HttpResponse(status=403)
        assert request.headers["I-Twilio-Idempotency-Token"]
        body = (request.POST or request.GET)["Body"]
        return HttpResponse(_reply(body), content_type="text/xml")

    urls = type("Urls", (), {"urlpatterns": [path("sms", sms)]})
    settings.configure(ROOT_URLCONF=urls, ALLOWED_HOSTS=["app.example"], USE_TZ=True)
    django.setup()
    setup_test_environment()
    return Client, AsyncClient


async def _sms(request: Request) -> Response:
    form = await request.form()
    url = str(request.url)
    if not _is_genuine(url, dict(form), request.headers.get("X-Twilio-Signature")):
        return Response(status_code=403)
    assert request.headers["I-Twilio-Idempotency-Token"]
    return Response(_reply(str((form or request.query_params)["Body"])), media_type="text/xml")


STARLETTE = Starlette(routes=[Route("/sms", _sms, methods=["GET", "POST"])])


@pytest.fixture(params=["GET", "POST"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=URLS)
def asked(request: pytest.FixtureRequest, method: str) -> WebhookRequest:
    return request_for("sms", request.param, method=method, Body=BODY)


FORGED = {"token": "of-somebody-else", "Body": BODY}


def test_flask(asked: WebhookRequest) -> None:
    answer = asked.flask(_flask().test_client())
    assert (answer.status_code, answer.text) == (200, _reply(BODY))


def test_flask_turns_strangers_away() -> None:
    assert request_for("sms", **FORGED).flask(_flask().test_client()).status_code == 403


def test_django(asked: WebhookRequest) -> None:
    client, _ = _django()
    answer = asked.django(client())
    assert (answer.status_code, answer.content.decode()) == (200, _reply(BODY))


@pytest.mark.parametrize("url", URLS[:2])
async def test_django_async(url: str, method: str) -> None:
    asked = request_for("sms", url, method=method, Body=BODY)
    _, client = _django()
    answer = await asked.django(client())
    assert (answer.status_code, answer.content.decode()) == (200, _reply(BODY))


def test_djangos_async_client_has_one_host() -> None:
    _, client = _django()
    with pytest.raises(ValueError, match="give a path, or use asgi"):
        request_for("sms", HTTPS).django(client())


def test_django_turns_strangers_away() -> None:
    client, _ = _django()
    assert request_for("sms", **FORGED).django(client()).status_code == 403


async def test_asgi(asked: WebhookRequest) -> None:
    answer = await asked.asgi(STARLETTE)
    assert (answer.status, answer.text) == (200, _reply(BODY))
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"


async def test_asgi_hears_a_stream_to_its_end() -> None:
    async def stream(request: Request) -> Response:
        body = _reply(str((await request.form())["Body"]))
        return StreamingResponse(iter(body), media_type="text/xml")

    app = Starlette(routes=[Route("/sms", stream, methods=["POST"])])
    assert (await request_for("sms", Body=BODY).asgi(app)).text == _reply(BODY)


async def test_asgi_turns_strangers_away() -> None:
    assert (await request_for("sms", **FORGED).asgi(STARLETTE)).status == 403


def test_starlettes_client(asked: WebhookRequest) -> None:
    with TestClient(STARLETTE) as client:
        answer = asked.httpx(client)
    assert (answer.status_code, answer.text) == (200, _reply(BODY))


async def test_httpx(asked: WebhookRequest) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(STARLETTE)) as client:
        answer = await asked.httpx(client)
    assert (answer.status_code, answer.text) == (200, _reply(BODY))


async def test_an_application_that_does_not_answer_is_told() -> None:
    async def mute(scope: object, receive: object, send: object) -> None:
        """Returns without a word."""

    with pytest.raises(RuntimeError, match="without an answer"):
        await request_for("sms").asgi(mute)
