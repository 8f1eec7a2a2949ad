"""Reminders of appointments by phone: a person confirms by a key, a voicemail gets a message, others get a text.

POST /reminders              phone=+1…&at=Tuesday at 10    202 {"reminder": …}
GET  /reminders/<id>                                       what became of it
POST /reminders/<id>/call    somebody, or something, has answered
POST /reminders/<id>/key     a key was pressed
POST /reminders/<id>/status  the call is over
"""

import functools
import os
import uuid
from dataclasses import asdict, dataclass

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, VoiceResponse

KEYS = {"1": "confirmed", "2": "cancelled"}


@dataclass
class Reminder:
    phone: str
    at: str
    state: str = "calling"  # confirmed, cancelled, heard, left on voicemail, texted


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
    app.config["NUMBER"] = os.environ.get("TWILIO_PHONE_NUMBER", "+15550001111")
    app.config["PUBLIC_URL"] = os.environ.get("PUBLIC_URL", "http://localhost:5000")
    app.config["REMINDERS"] = {}  # in memory, which a real application would not do
    app.register_blueprint(routes)
    return app


@routes.post("/reminders")
def remind():
    reminder_id = uuid.uuid4().hex
    current_app.config["REMINDERS"][reminder_id] = reminder = Reminder(
        request.form["phone"], request.form["at"]
    )
    here = f"{current_app.config['PUBLIC_URL']}/reminders/{reminder_id}"
    Client().calls.create(
        from_=current_app.config["NUMBER"],
        to=reminder.phone,
        url=f"{here}/call",
        status_callback=f"{here}/status",
        timeout=25,
        machine_detection="DetectMessageEnd",
    )
    return jsonify(reminder=reminder_id), 202


@routes.get("/reminders/<reminder_id>")
def show(reminder_id):
    return jsonify(asdict(current_app.config["REMINDERS"].get(reminder_id) or abort(404)))


@routes.post("/reminders/<reminder_id>/call")
@from_twilio
def answered(reminder_id):
    reminder, answer = current_app.config["REMINDERS"][reminder_id], VoiceResponse()
    answered_by = request.form["AnsweredBy"]
    if answered_by == "fax":
        answer.hangup()
    elif answered_by.startswith("machine"):
        answer.say(f"This is Doctor Lee's office. You are expected {reminder.at}. Call us to change that.")
        reminder.state = "left on voicemail"
    else:
        reminder.state = "heard"
        gather = Gather(num_digits=1, timeout=6, action=f"/reminders/{reminder_id}/key")
        gather.say(f"This is Doctor Lee's office. You are expected {reminder.at}.")
        gather.say("Press 1 to confirm, or 2 to cancel.")
        answer.append(gather)
        answer.say("We expect you. Goodbye.")
    return twiml(answer)


@routes.post("/reminders/<reminder_id>/key")
@from_twilio
def pressed(reminder_id):
    answer = VoiceResponse()
    state = KEYS.get(request.form["Digits"])
    if state is None:
        answer.redirect(f"/reminders/{reminder_id}/call")
        return twiml(answer)
    current_app.config["REMINDERS"][reminder_id].state = state
    answer.say("Thank you. Until then." if state == "confirmed" else "It is cancelled. Goodbye.")
    return twiml(answer)


@routes.post("/reminders/<reminder_id>/status")
@from_twilio
def over(reminder_id):
    reminder = current_app.config["REMINDERS"][reminder_id]
    if reminder.state == "calling":  # nobody has heard anything
        text = f"Doctor Lee's office could not reach you: you are expected {reminder.at}."
        Client().messages.create(from_=current_app.config["NUMBER"], to=reminder.phone, body=text)
        reminder.state = "texted"
    return "", 204
