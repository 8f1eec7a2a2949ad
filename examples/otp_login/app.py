"""Sign-in by a code in a text, as one would write it for Twilio.

POST /login            phone=+15551230001    202 {"login": …}; 409: the number wants no texts from us
POST /login/<login>    code=482915           200: signed in; 401: wrong; 410: too late, or too often wrong
GET  /login/<login>                          what became of it
POST /sms                                    a text from somebody: the code will do as an answer
POST /status                                 what became of our texts
"""

import functools
import os
import secrets
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests
from flask import Flask, Response, abort, current_app, jsonify, request
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse

LIFETIME_S = 600
TRIES = 3
WANTS_NO_TEXTS = 21610


class Persistent(TwilioHttpClient):
    """Asks again where no answer came, or one that says: later. All tries have one key, so that what was done already
    is not done twice."""

    pauses = (0.1, 0.4, 1.6)

    def request(self, method, url, headers=None, **others):
        if method == "POST":
            headers = {**(headers or {}), "Idempotency-Key": str(uuid.uuid4())}
        for pause in (*self.pauses, None):
            try:
                answer = super().request(method, url, headers=headers, **others)
            except (requests.ConnectionError, requests.Timeout):
                if pause is None:
                    raise
            else:
                if pause is None or (answer.status_code != 429 and answer.status_code < 500):
                    return answer
            time.sleep(pause)
        return None


@dataclass
class Login:
    phone: str
    code: str
    until: float
    message_sid: str = ""
    status: str = "queued"
    tries_left: int = TRIES
    is_signed_in: bool = False

    def enter(self, code: str) -> int:
        """The status of the answer."""
        if self.tries_left <= 0 or time.monotonic() > self.until:
            return 410
        if not secrets.compare_digest(code.encode(), self.code.encode()):
            self.tries_left -= 1
            return 401
        self.is_signed_in, self.tries_left = True, 0
        return 200


@dataclass
class Logins:
    """In memory, which a real application would not do."""

    by_id: dict[str, Login] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, phone: str) -> tuple[str, Login]:
        login = Login(phone, f"{secrets.randbelow(1_000_000):06}", time.monotonic() + LIFETIME_S)
        login_id = secrets.token_urlsafe(16)
        with self.lock:
            self.by_id[login_id] = login
        return login_id, login

    def last_of(self, phone: str) -> Login | None:
        with self.lock:
            return next((each for each in reversed(self.by_id.values()) if each.phone == phone), None)

    def told(self, message_sid: str, status: str) -> None:
        with self.lock:
            for each in self.by_id.values():
                if each.message_sid == message_sid:
                    each.status = status


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["NUMBER"] = os.environ.get("TWILIO_PHONE_NUMBER", "+15550001111")
    app.config["PUBLIC_URL"] = os.environ.get("PUBLIC_URL", "http://localhost:5000")
    logins, twilio = Logins(), Client(http_client=Persistent())

    @app.post("/login")
    def ask():
        login_id, login = logins.begin(request.form["phone"])
        try:
            sent = twilio.messages.create(
                from_=app.config["NUMBER"],
                to=login.phone,
                body=f"Your code is {login.code}. It lasts ten minutes. Answer with it, or type it in.",
                status_callback=f"{app.config['PUBLIC_URL']}/status",
            )
        except TwilioRestException as error:
            if error.code == WANTS_NO_TEXTS:
                return jsonify(error=f"Text START to {app.config['NUMBER']} first."), 409
            return jsonify(error="This number cannot be texted."), 400 if error.status < 500 else 503
        login.message_sid = sent.sid
        return jsonify(login=login_id), 202

    @app.post("/login/<login_id>")
    def enter(login_id):
        login = logins.by_id.get(login_id) or abort(404)
        return jsonify(tries_left=login.tries_left), login.enter(request.form["code"])

    @app.get("/login/<login_id>")
    def show(login_id):
        login = logins.by_id.get(login_id) or abort(404)
        return jsonify(signed_in=login.is_signed_in, text=login.status)

    @app.post("/sms")
    @from_twilio
    def answer():
        login = logins.last_of(request.form["From"])
        said = MessagingResponse()
        if login is not None and login.enter(request.form["Body"].strip()) == 200:
            said.message("You are signed in.")
        return Response(str(said), mimetype="text/xml")

    @app.post("/status")
    @from_twilio
    def status():
        logins.told(request.form["MessageSid"], request.form["MessageStatus"])
        return "", 204

    return app


def from_twilio(view):
    """Lets only requests pass that were signed with our auth token."""

    @functools.wraps(view)
    def checked():
        url = f"{current_app.config['PUBLIC_URL']}{request.full_path.removesuffix('?')}"
        validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
        if not validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        return view()

    return checked
