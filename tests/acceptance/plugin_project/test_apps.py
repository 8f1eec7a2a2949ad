"""Applications that are served, and answer what phones text."""

import os

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator

PHONE = "+15551230001"
flask_app = Flask(__name__)


@flask_app.post("/sms")
def sms():
    validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
    if not validator.validate(request.url, request.form, request.headers.get("X-Twilio-Signature", "")):
        abort(403)
    said = f"<Response><Message>You said: {request.form['Body']}</Message></Response>"
    return Response(said, mimetype="text/xml")


class Asgi:
    """With a lifespan, told by what it has seen."""

    def __init__(self):
        self.seen = []

    async def __call__(self, scope, receive, send):
        self.seen.append(scope["type"])
        if scope["type"] == "lifespan":
            for _ in range(2):
                event = (await receive())["type"]
                self.seen.append(event)
                await send({"type": f"{event}.complete"})
            return
        await receive()
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/xml")]}
        )
        body = f"<Response><Message>{scope['path']}</Message></Response>".encode()
        await send({"type": "http.response.body", "body": body})


def test_wsgi(webhook_app, phone):
    served = webhook_app(flask_app)
    phone(PHONE).text("hello", to=served.number)
    assert phone(PHONE).wait_for().body == "You said: hello"
    phone(PHONE).reply("again")
    assert phone(PHONE).wait_for().body == "You said: again"


def test_asgi_and_a_number_and_a_path_of_its_own(webhook_app, phone):
    app = Asgi()
    served = webhook_app(app, number="+15550002222", sms="/texts")
    assert served.number == "+15550002222"
    phone(PHONE).text("hello", to=served.number)
    assert phone(PHONE).wait_for().body == "/texts"
    assert app.seen == ["lifespan", "lifespan.startup", "http"]
