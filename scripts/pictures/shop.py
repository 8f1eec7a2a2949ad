"""Fern & Oak, a shop that texts and answers calls: the program behind the number in the pictures.

Its bug is one that people have: `ErrorCode` comes only with a message that failed, and the callback for `delivered`
looks for it as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Gather, VoiceResponse
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

_FINAL: Final = frozenset({"delivered", "undelivered", "failed"})
_ANSWERS: Final = {
    "where": "Order 3141 left our workshop at 9:12. It is with you today before 6 pm: https://fern.example/t/3141",
    "change": "No problem. Which day suits you better? Answer TODAY, FRI or SAT.",
    "fri": "Done: order 3140 comes on Friday between 9 and 12.",
    "help": "Fern & Oak, plants by post. Answer WHERE or CHANGE, or ring us at +1 555 123 0000.",
}
GARDENER: Final = "+12025550164"
_OTHERWISE: Final = "Thank you! A person of ours reads this and answers within the hour."


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


def application(auth_token: str) -> Flask:
    app = Flask("shop")
    validator = RequestValidator(auth_token)

    @app.before_request
    def only_signed() -> None:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(request.url, request.form, signature):
            abort(403)

    @app.post("/sms")
    def reply() -> Response:
        words = request.form["Body"].lower()
        said = next((answer for word, answer in _ANSWERS.items() if word in words), _OTHERWISE)
        answer = MessagingResponse()
        answer.message(said, status_callback="/status")
        return Response(str(answer), mimetype="text/xml")

    @app.post("/status")
    def status() -> tuple[str, int]:
        if request.form.get("MessageStatus", "") not in _FINAL:
            return "", 204
        return f"error {request.form['ErrorCode']}", 200  # the bug

    @app.errorhandler(KeyError)
    def failed(error: KeyError) -> Response:
        trace = f'  File "shop/status.py", line 41, in status\nKeyError: {error.args[0]!r}\n'
        return Response(trace, 500, mimetype="text/plain")

    _answer_calls(app)
    return app


def _answer_calls(app: Flask) -> None:
    """A menu, a gardener who may be busy, and a message for them."""

    @app.post("/voice")
    def menu() -> Response:
        answer = VoiceResponse()
        answer.say("Welcome to Fern and Oak.")
        choice = Gather(action="/voice/choice", num_digits=1, timeout=3600)
        choice.say("Where is your order? Press one. To speak with a gardener, press two.")
        answer.append(choice)
        answer.say("We did not hear anything. Goodbye.")
        return Response(str(answer), mimetype="text/xml")

    @app.post("/voice/choice")
    def choice() -> Response:
        answer = VoiceResponse()
        answer.say("One moment, we look for a gardener.")
        answer.dial(GARDENER, caller_id=request.form["To"], action="/voice/after", timeout=20)
        return Response(str(answer), mimetype="text/xml")

    @app.post("/voice/after")
    def after() -> Response:
        answer = VoiceResponse()
        if request.form["DialCallStatus"] != "completed":
            answer.say("They are all in the greenhouse. Please leave a message after the tone.")
            answer.record(action="/voice/thanks", max_length=30, timeout=5, transcribe=True)
        return Response(str(answer), mimetype="text/xml")

    @app.post("/voice/thanks")
    def thanks() -> Response:
        answer = VoiceResponse()
        answer.say("Thank you, we call you back.")
        answer.hangup()
        return Response(str(answer), mimetype="text/xml")


@contextmanager
def serving(auth_token: str, port: int) -> Iterator[str]:
    """The shop's address, for as long as it is open."""
    server: BaseWSGIServer = make_server(
        "127.0.0.1", port, application(auth_token), threaded=True, request_handler=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
