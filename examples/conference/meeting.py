"""Meetings by phone: who has the PIN joins, the music stops when the moderator comes, and all go when he does.

POST /voice             a call begins: the PIN is asked for
POST /joined            it was typed
POST /room              what becomes of the meeting
GET  /meeting           who is in it
POST /meeting/quiet     muted=true: everybody but the moderator
"""

import functools
import os

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

ROOM = "monday"
TRIES = 3


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
    app.config["PIN"] = os.environ.get("PIN", "4711")
    app.config["MODERATOR_PIN"] = os.environ.get("MODERATOR_PIN", "9000")
    app.config["PRESENT"] = {}  # calls, and as what they are here
    app.config["MEETING"] = {}
    app.register_blueprint(routes)
    return app


@routes.post("/voice")
@from_twilio
def voice():
    tries = request.args.get("tries", 1, int)
    answer = VoiceResponse()
    if tries > TRIES:
        answer.say("Please ask whoever invited you for the PIN. Goodbye.")
        answer.hangup()
        return twiml(answer)
    gather = Gather(finish_on_key="#", timeout=10, action=f"/joined?tries={tries}")
    gather.say("Type your PIN, then the pound key." if tries == 1 else "That is not right. Try again.")
    answer.append(gather)
    answer.redirect(f"/voice?tries={tries + 1}")
    return twiml(answer)


@routes.post("/joined")
@from_twilio
def joined():
    answer = VoiceResponse()
    role = {current_app.config["PIN"]: "guest", current_app.config["MODERATOR_PIN"]: "moderator"}.get(
        request.form["Digits"]
    )
    if role is None:
        answer.redirect(f"/voice?tries={request.args.get('tries', 1, int) + 1}")
        return twiml(answer)
    is_moderator = role == "moderator"
    answer.say("You are the moderator." if is_moderator else "Welcome to the meeting.")
    dial = Dial()
    dial.conference(
        ROOM,
        start_conference_on_enter=is_moderator,
        end_conference_on_exit=is_moderator,
        participant_label=f"{role}-{request.form['CallSid']}",
        status_callback="/room",
        status_callback_event="start end join leave",
    )
    answer.append(dial)
    answer.say("The meeting is over. Goodbye.")
    return twiml(answer)


@routes.post("/room")
@from_twilio
def room():
    told = request.form
    match told["StatusCallbackEvent"]:
        case "participant-join":
            current_app.config["PRESENT"][told["CallSid"]] = told["ParticipantLabel"].partition("-")[0]
        case "participant-leave":
            current_app.config["PRESENT"].pop(told["CallSid"], None)
        case "conference-start":
            current_app.config["MEETING"]["sid"] = told["ConferenceSid"]
        case "conference-end":
            current_app.config["MEETING"].clear()
    return "", 204


@routes.get("/meeting")
def show():
    return jsonify(
        has_begun=bool(current_app.config["MEETING"]), present=sorted(current_app.config["PRESENT"].values())
    )


@routes.post("/meeting/quiet")
def quiet():
    for call_sid, role in current_app.config["PRESENT"].items():
        if role != "moderator":
            participant = Client().conferences(current_app.config["MEETING"]["sid"]).participants(call_sid)
            participant.update(muted=request.form["muted"] == "true")
    return "", 204
