"""Two people call and text each other and neither learns the other's number: both see one of ours.

POST /rides             rider=+1…&driver=+1…    201 {"ride": …, "number": the one that both use}
POST /rides/<id>/end                            from now on it leads nowhere
POST /voice             a call to one of our numbers
POST /sms               a text to one
"""

import functools
import os
import threading
import uuid

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse


class Rides:
    """In memory, which a real application would not do."""

    def __init__(self, pool):
        self.pool = pool
        self._rides: dict[str, tuple[str, frozenset[str]]] = {}
        self._lock = threading.Lock()

    def begin(self, rider: str, driver: str) -> tuple[str, str] | None:
        """A number that neither of them uses for somebody else; None when all are in use."""
        both = frozenset({rider, driver})
        with self._lock:
            taken = {number for number, people in self._rides.values() if people & both}
            number = next((each for each in self.pool if each not in taken), None)
            if number is None:
                return None
            ride = uuid.uuid4().hex
            self._rides[ride] = number, both
        return ride, number

    def end(self, ride: str) -> bool:
        with self._lock:
            return self._rides.pop(ride, None) is not None

    def other(self, number: str, one: str) -> str | None:
        """Whom somebody means who calls or texts one of our numbers."""
        with self._lock:
            for used, people in self._rides.values():
                if used == number and one in people:
                    return next(iter(people - {one}))
        return None


routes = Blueprint("calls", __name__)


def from_twilio(view):
    """Lets only requests pass that were signed with our auth token."""

    @functools.wraps(view)
    def checked(**named):
        url = f"{current_app.config['PUBLIC_URL']}{request.full_path.removesuffix('?')}"
        validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
        if not validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        return view(**named)

    return checked


def twiml(answer: VoiceResponse | MessagingResponse) -> Response:
    return Response(str(answer), mimetype="text/xml")


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["PUBLIC_URL"] = os.environ.get("PUBLIC_URL", "http://localhost:5000")
    app.config["RIDES"] = Rides(os.environ.get("POOL", "+15550001111,+15550001112").split(","))
    app.register_blueprint(routes)
    return app


@routes.post("/rides")
def begin():
    begun = current_app.config["RIDES"].begin(request.form["rider"], request.form["driver"])
    if begun is None:
        return jsonify(error="All numbers are in use."), 503
    ride, number = begun
    return jsonify(ride=ride, number=number), 201


@routes.post("/rides/<ride>/end")
def end(ride):
    return ("", 204) if current_app.config["RIDES"].end(ride) else abort(404)


@routes.post("/voice")
@from_twilio
def voice():
    answer = VoiceResponse()
    other = current_app.config["RIDES"].other(request.form["To"], request.form["From"])
    if other is None:
        answer.say("This ride is over. Use the app to reach us.")
        answer.hangup()
    else:
        # The caller id is our number: nobody sees anybody's own.
        answer.dial(other, caller_id=request.form["To"], timeout=20, action="/dialled")
    return twiml(answer)


@routes.post("/dialled")
@from_twilio
def dialled():
    answer = VoiceResponse()
    if request.form["DialCallStatus"] != "completed":
        answer.say("They cannot take your call now. Send a text to this number.")
    answer.hangup()
    return twiml(answer)


@routes.post("/sms")
@from_twilio
def sms():
    answer = MessagingResponse()
    other = current_app.config["RIDES"].other(request.form["To"], request.form["From"])
    if other is None:
        answer.message("This ride is over. Use the app to reach us.")
    else:
        answer.message(request.form["Body"], to=other, from_=request.form["To"])
    return twiml(answer)
