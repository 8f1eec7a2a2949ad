"""Webhooks for the tests of an application: as Twilio would send them, signed, with no server running.

    from localloop.testing import request_for

    answer = request_for("sms", "/sms", Body="hello").flask(app.test_client())

What is simulated is built from the declarations that localloop itself sends from (`localloop.payloads`).
"""

from localloop.testing.asgi import Answer
from localloop.testing.request import AUTH_TOKEN, BASE_URL, WebhookRequest, request_for
from localloop.testing.sample import ACCOUNT_SID, NotDeclared, kinds, parameters

__all__ = [
    "ACCOUNT_SID",
    "AUTH_TOKEN",
    "BASE_URL",
    "Answer",
    "NotDeclared",
    "WebhookRequest",
    "kinds",
    "parameters",
    "request_for",
]
