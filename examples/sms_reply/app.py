"""Answers every text, and follows what becomes of the texts that it sends."""

import functools
import logging
import os

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

app = Flask(__name__)
app.logger.setLevel(logging.INFO)


def from_twilio(view):
    """Lets only requests pass that were signed with our auth token."""

    @functools.wraps(view)
    def checked():
        validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
        if not validator.validate(request.url, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        return view()

    return checked


@app.post("/sms")
@from_twilio
def reply():
    """A text has come: answer with TwiML."""
    answer = MessagingResponse()
    answer.message(f"You said: {request.form['Body']}")
    return Response(str(answer), mimetype="text/xml")


@app.post("/status")
@from_twilio
def status():
    """A text that we sent has got further."""
    app.logger.info("%s is %s", request.form["MessageSid"], request.form["MessageStatus"])
    return "", 204
