"""Asks without an SDK."""

import os

import requests

SID = os.environ["TWILIO_ACCOUNT_SID"]


def send(to: str, body: str) -> str:
    return requests.post(
        f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages.json",
        data={"To": to, "From": "+15550001111", "Body": body},
        auth=(SID, os.environ["TWILIO_AUTH_TOKEN"]),
        timeout=10,
    ).json()["sid"]
