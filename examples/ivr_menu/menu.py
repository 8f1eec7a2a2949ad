"""A phone menu: departments, opening hours, and a status that callers type an order number for.

POST /voice         a call begins: the menu
POST /chosen        a key was pressed
POST /order         an order number was typed
"""

import functools
import os

from flask import Blueprint, Flask, Response, abort, current_app, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

ORDERS = {"1042": "It left our house this morning.", "1043": "It is being packed."}
TRIES = 3


routes = Blueprint("calls", __name__)


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


def twiml(answer: VoiceResponse) -> Response:
    return Response(str(answer), mimetype="text/xml")


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["PUBLIC_URL"] = os.environ.get("PUBLIC_URL", "http://localhost:5000")
    app.config["SALES"] = os.environ.get("SALES_NUMBER", "+15551230100")
    app.register_blueprint(routes)
    return app


@routes.post("/voice")
@from_twilio
def menu():
    tries = request.args.get("tries", 1, int)
    answer = VoiceResponse()
    if tries > TRIES:
        answer.say("We could not understand you. Goodbye.")
        answer.hangup()
        return twiml(answer)
    gather = Gather(num_digits=1, timeout=5, action="/chosen?tries=" + str(tries))
    gather.say("Welcome to Anderson Books." if tries == 1 else "Sorry, once more.")
    gather.say("For sales, press 1. For the state of your order, press 2. For our hours, press 3.")
    answer.append(gather)
    answer.redirect(f"/voice?tries={tries + 1}")
    return twiml(answer)


@routes.post("/chosen")
@from_twilio
def chosen():
    answer = VoiceResponse()
    match request.form["Digits"]:
        case "1":
            answer.say("One moment, please.")
            answer.dial(current_app.config["SALES"], timeout=20, action="/dialled")
        case "2":
            gather = Gather(finish_on_key="#", timeout=8, action="/order")
            gather.say("Please type your order number, and then the pound key.")
            answer.append(gather)
            answer.redirect("/voice")
        case "3":
            answer.say("We are open from nine to five, Monday to Friday.")
            answer.redirect("/voice")
        case _:
            answer.redirect(f"/voice?tries={request.args.get('tries', 1, int) + 1}")
    return twiml(answer)


@routes.post("/order")
@from_twilio
def order():
    answer = VoiceResponse()
    answer.say(ORDERS.get(request.form["Digits"], "There is no order of that number."))
    answer.hangup()
    return twiml(answer)


@routes.post("/dialled")
@from_twilio
def dialled():
    answer = VoiceResponse()
    if request.form["DialCallStatus"] != "completed":
        answer.say("Nobody is there at the moment. Please call again later.")
    answer.hangup()
    return twiml(answer)
