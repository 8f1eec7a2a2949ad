"""A bill is paid by phone: its number is typed, then a card; the card's numbers never come here.

POST /voice         a call begins
POST /bill          the number of a bill was typed
POST /paid          what became of the payment
GET  /bills/<id>    whether it is paid
"""

import functools
import os
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, Pay, Prompt, VoiceResponse


@dataclass
class Bill:
    amount: Decimal
    confirmation: str = ""


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
    app.config["BILLS"] = {"2001": Bill(Decimal("20.45")), "2002": Bill(Decimal("7.00"))}
    app.register_blueprint(routes)
    return app


@routes.post("/voice")
@from_twilio
def voice():
    answer = VoiceResponse()
    gather = Gather(finish_on_key="#", timeout=10, action="/bill")
    gather.say("Type the number of your bill, then the pound key.")
    answer.append(gather)
    answer.say("Goodbye.")
    return twiml(answer)


@routes.post("/bill")
@from_twilio
def typed():
    number, answer = request.form["Digits"], VoiceResponse()
    bill = current_app.config["BILLS"].get(number)
    if bill is None or bill.confirmation:
        answer.say("This bill is paid." if bill else "There is no such bill.")
        answer.redirect("/voice")
        return twiml(answer)
    answer.say(f"It is {bill.amount} dollars.")
    answer.append(card(number, bill))
    return twiml(answer)


def card(number: str, bill: Bill) -> Pay:
    pay = Pay(
        charge_amount=str(bill.amount),
        currency="usd",
        action=f"/paid?bill={number}",
        max_attempts=2,
        timeout=10,
        postal_code=False,
        valid_card_types="visa mastercard amex",
    )
    again = Prompt(for_="payment-card-number", error_type="invalid-card-number invalid-card-type timeout")
    again.say("This card cannot be used. Please type another number, then the pound key.")
    pay.append(again)
    return pay


@routes.post("/paid")
@from_twilio
def paid():
    number, told, answer = request.args["bill"], request.form, VoiceResponse()
    match told["Result"]:
        case "success":
            current_app.config["BILLS"][number].confirmation = told["PaymentConfirmationCode"]
            answer.say("Thank you. You will get a receipt.")
            send_receipt(number, told)
        case "payment-connector-error":
            answer.say("Your bank has declined the card.")
            answer.redirect("/voice")
        case "caller-interrupted-with-star":
            answer.say("Nothing was paid.")
            answer.redirect("/voice")
        case _:
            answer.say("We could not take your card. Please call our office.")
    return twiml(answer)


def send_receipt(number: str, told) -> None:
    body = f"Bill {number}: {current_app.config['BILLS'][number].amount} USD paid by card {told['PaymentCardNumber']}."
    Client().messages.create(from_=current_app.config["NUMBER"], to=told["From"], body=body)


@routes.get("/bills/<number>")
def show(number):
    bill = current_app.config["BILLS"].get(number) or abort(404)
    return jsonify(amount=str(bill.amount), is_paid=bool(bill.confirmation))
