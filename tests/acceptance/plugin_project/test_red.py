"""Tests that fail on purpose: what they say is looked at."""

import os
import signal
import sys

import pytest

import localloop.testing

FROM, TO = "+15017122661", "+15558675310"


def test_no_code(twilio, phone):
    twilio.messages.create(from_=FROM, to=TO, body="Your cude is 482915")
    phone(TO).code(timeout=0.5)


@pytest.mark.localloop(profil="trial")
def test_a_marker_that_asks_for_what_is_not(world):
    raise AssertionError("not reached")


def test_without_twilios_package(request, monkeypatch):
    monkeypatch.delitem(sys.modules, "localloop.testing.twilio_client", raising=False)
    monkeypatch.delattr(localloop.testing, "twilio_client", raising=False)
    for name in ["twilio", *(name for name in sys.modules if name.startswith("twilio."))]:
        monkeypatch.setitem(sys.modules, name, None)
    request.getfixturevalue("twilio")


def test_a_worker_that_dies(world):
    os.kill(os.getpid(), signal.SIGKILL)
