"""A number whose calls ring on its owner's phone; who is not answered leaves a message, which the owner gets as a text.

POST /voice         a call begins: it rings on the owner's phone
POST /unanswered    or not: a message is taken
POST /recorded      there is one
POST /transcribed   what it says, a little later
"""

import functools
import os

from flask import Blueprint, Flask, Response, abort, current_app, request
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse

RINGS_S = 15
LONGEST_S = 60


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


def twiml(answer: VoiceResponse) -> Response:
    return Response(str(answer), mimetype="text/xml")


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["PUBLIC_URL"] = os.environ.get("PUBLIC_URL", "http://localhost:5000")
    app.config["NUMBER"] = os.environ.get("TWILIO_PHONE_NUMBER", "+15550001111")
    app.config["OWNER"] = os.environ.get("OWNER_NUMBER", "+15551230100")
    app.register_blueprint(routes)
    return app


@routes.post("/voice")
@from_twilio
def voice():
    answer = VoiceResponse()
    answer.dial(current_app.config["OWNER"], timeout=RINGS_S, action="/unanswered", answer_on_bridge=True)
    return twiml(answer)


@routes.post("/unanswered")
@from_twilio
def unanswered():
    answer = VoiceResponse()
    if request.form["DialCallStatus"] == "completed":
        answer.hangup()
        return twiml(answer)
    answer.say("I cannot take your call. Leave a message after the tone, and press pound when you are done.")
    answer.record(
        max_length=LONGEST_S,
        timeout=5,
        action="/recorded",
        transcribe=True,
        transcribe_callback="/transcribed",
    )
    return twiml(answer)


@routes.post("/recorded")
@from_twilio
def recorded():
    answer = VoiceResponse()
    answer.say("Thank you. Goodbye.")
    answer.hangup()
    return twiml(answer)


@routes.post("/transcribed")
@from_twilio
def transcribed():
    told = request.form
    text = told["TranscriptionText"] if told["TranscriptionStatus"] == "completed" else "(unintelligible)"
    if not text:  # somebody breathed, and hung up
        return "", 204
    Client().messages.create(
        from_=current_app.config["NUMBER"],
        to=current_app.config["OWNER"],
        body=f"Voicemail from {told['From']}: {text} {told['RecordingUrl']}",
    )
    return "", 204
