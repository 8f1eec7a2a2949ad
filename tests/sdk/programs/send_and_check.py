"""A program written for Twilio: sends a text, and checks the signature of the first word about it."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator
from twilio.rest import Client


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        url = f"http://{self.headers['Host']}{self.path}"
        validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
        print("signature", validator.validate(url, form, self.headers["X-Twilio-Signature"]), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
client = Client()
message = client.messages.create(
    from_="+15551230000",
    to="+15551230001",
    body="Hello",
    status_callback=f"http://127.0.0.1:{server.server_port}/status",
)
print("sent", message.sid, flush=True)
server.handle_request()
