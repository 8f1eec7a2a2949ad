"""A hotline: callers wait in a queue and are told their place, agents dial in and talk to one after the other.

POST /voice         a call begins: of an agent, or of somebody who has to wait
POST /wait          what they hear meanwhile; star leaves the queue, to be called back
POST /left          they wait no longer
POST /agent         an agent's next caller
GET  /callbacks     who wants to be called back
"""

import functools
import os

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

QUEUE = "hotline"
FAREWELLS = {
    "queue-full": "All lines are busy. Please call again later.",
    "error": "Something went wrong. Please call again later.",
}


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
    app.config["AGENTS"] = os.environ.get("AGENTS", "+15551230100").split(",")
    app.config["CALLBACKS"] = []
    app.register_blueprint(routes)
    return app


@routes.post("/voice")
@from_twilio
def voice():
    answer = VoiceResponse()
    if request.form["From"] in current_app.config["AGENTS"]:
        if QUEUE not in (each.friendly_name for each in Client().queues.list()):
            Client().queues.create(friendly_name=QUEUE)  # else nobody could wait for callers
        answer.redirect("/agent")
    else:
        answer.say("Welcome. All our people are talking to somebody.")
        answer.enqueue(QUEUE, wait_url="/wait", action="/left")
    return twiml(answer)


@routes.post("/wait")
@from_twilio
def wait():
    answer = VoiceResponse()
    gather = Gather(num_digits=1, timeout=20, action="/key")
    place = int(request.form["QueuePosition"])
    gather.say("You are next." if place == 1 else f"There are {place - 1} before you.")
    gather.say("Press star, and we call you back.")
    answer.append(gather)
    return twiml(answer)


@routes.post("/key")
@from_twilio
def key():
    answer = VoiceResponse()
    if request.form["Digits"] == "*":
        answer.leave()
    else:
        answer.redirect("/wait")
    return twiml(answer)


@routes.post("/left")
@from_twilio
def left():
    answer, result = VoiceResponse(), request.form["QueueResult"]
    if result == "leave":
        current_app.config["CALLBACKS"].append(request.form["From"])
        answer.say("We call you back.")
    elif result in FAREWELLS:
        answer.say(FAREWELLS[result])
    answer.hangup()
    return twiml(answer)


@routes.post("/agent")
@from_twilio
def agent():
    answer = VoiceResponse()
    dial = Dial(timeout=60, action="/next", time_limit=3600)
    dial.queue(QUEUE, url="/whisper")
    answer.append(dial)
    return twiml(answer)


@routes.post("/whisper")
@from_twilio
def whisper():
    """The caller hears it, right before the agent."""
    answer = VoiceResponse()
    answer.say("Your call is being recorded for training.")
    return twiml(answer)


@routes.post("/next")
@from_twilio
def following():
    answer = VoiceResponse()
    answer.say("Next caller.")
    answer.redirect("/agent")
    return twiml(answer)


@routes.get("/callbacks")
def list_callbacks():
    return jsonify(current_app.config["CALLBACKS"])
