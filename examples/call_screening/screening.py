"""One number that rings on all phones of its owner, who hears who calls and presses 1 to take it.

POST /voice         a call begins: the caller says a name, and the phones ring
POST /whisper       what the owner hears before anybody is connected
POST /accepted      a key was pressed there
POST /dialled       what became of it, for the caller
"""

import functools
import os

from flask import Blueprint, Flask, Response, abort, current_app, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

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
    app.config["PHONES"] = os.environ.get("OWNER_NUMBERS", "+15551230100,+15551230101").split(",")
    app.config["NAMES"] = {}  # by call
    app.register_blueprint(routes)
    return app


@routes.post("/voice")
@from_twilio
def voice():
    answer = VoiceResponse()
    gather = Gather(input="speech", timeout=4, speech_timeout="auto", action="/named")
    gather.say("Who is calling, please?")
    answer.append(gather)
    answer.redirect("/named")
    return twiml(answer)


@routes.post("/named")
@from_twilio
def named():
    current_app.config["NAMES"][request.form["CallSid"]] = request.form.get(
        "SpeechResult", "Somebody who gave no name"
    )
    answer = VoiceResponse()
    answer.say("One moment.")
    dial = Dial(timeout=15, action="/dialled")
    for number in current_app.config["PHONES"]:
        dial.number(number, url="/whisper")
    answer.append(dial)
    return twiml(answer)


@routes.post("/whisper")
@from_twilio
def whisper():
    answer = VoiceResponse()
    gather = Gather(num_digits=1, timeout=6, action="/accepted")
    gather.say(
        f"{current_app.config['NAMES'][request.form['ParentCallSid']]} is calling. Press 1 to take the call."
    )
    answer.append(gather)
    answer.hangup()  # a voicemail presses no keys
    return twiml(answer)


@routes.post("/accepted")
@from_twilio
def accepted():
    answer = VoiceResponse()
    if request.form["Digits"] == "1":
        answer.say("You are connected.")
    else:
        answer.hangup()
    return twiml(answer)


@routes.post("/dialled")
@from_twilio
def dialled():
    current_app.config["NAMES"].pop(request.form["CallSid"], None)
    answer = VoiceResponse()
    if request.form.get("DialBridged") != "true":
        answer.say("Nobody can take your call now. Goodbye.")
    answer.hangup()
    return twiml(answer)
