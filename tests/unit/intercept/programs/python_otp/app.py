"""Logs people in with a code by text."""

import os

from flask import Flask, request
from twilio.base.exceptions import TwilioRestException
from twilio.twiml.messaging_response import MessagingResponse
from twilio_client import client

app = Flask(__name__)
verify = client.verify.v2.services(os.environ["VERIFY_SERVICE_SID"])


@app.post("/login")
def login():
    number = client.lookups.v2.phone_numbers(request.form["phone"]).fetch(fields="line_type_intelligence")
    if not number.valid:
        return "not a number", 400
    verification = verify.verifications.create(to=number.phone_number, channel="sms", locale="en")
    return verification.sid


@app.post("/check")
def check():
    try:
        result = verify.verification_checks.create(to=request.form["phone"], code=request.form["code"])
    except TwilioRestException:
        return "too late", 404
    return result.status


@app.post("/sms")
def sms():
    answer = MessagingResponse()
    message = answer.message(status_callback="/status")
    message.body(f"You said {request.values.get('Body')}")
    message.media("https://example.com/logo.png")
    return str(answer)


@app.post("/status")
def status():
    return request.form["MessageStatus"]
