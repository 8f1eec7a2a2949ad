"""Twilio's sample "POST a new SMS message", as published, with the one line that redirects it."""

# Download the helper library from https://www.twilio.com/docs/python/install
import os

from twilio.rest import Client

# Find your Account SID and Auth Token at twilio.com/console
# and set the environment variables. See http://twil.io/secure
account_sid = os.environ["TWILIO_ACCOUNT_SID"]
auth_token = os.environ["TWILIO_AUTH_TOKEN"]
client = Client(account_sid, auth_token)
client.api.base_url = os.environ["LOCALLOOP_URL"]

message = client.messages.create(
    body="Hello",
    from_="+14155552344",
    to="+15558675310",
)

print(message.body)
