"""Tests of a project that uses the plugin; `test_pytest_plugin.py` runs them in a run of their own."""

import unittest

import pytest
from twilio.rest import Client

from localloop.testing import World

FROM, TO = "+15017122661", "+15558675310"


@pytest.mark.parametrize("n", range(20))
def test_the_same_numbers_in_every_test(localloop, twilio, phone, n):
    twilio.messages.create(from_=FROM, to=TO, body=f"Your code is {482900 + n}")
    assert phone(TO).code() == str(482900 + n)
    assert [text.from_ for text in phone(TO).messages()] == [FROM]
    assert len(twilio.messages.list()) == 1
    with open("servers", "a") as servers:
        servers.write(f"{localloop.url}\n")


def test_a_program_that_names_nothing_comes_to_the_tests_world(world, phone):
    Client().messages.create(from_=FROM, to=TO, body="See https://example.com/1 or https://example.com/2.")
    assert phone(TO).link() == "https://example.com/1"
    assert phone(TO).links() == ["https://example.com/1", "https://example.com/2"]


def test_two_worlds_in_one_test(world):
    with World() as other:
        Client().messages.create(from_=FROM, to=TO, body="other")
        assert other.phone(TO).wait_for().body == "other"
    Client().messages.create(from_=FROM, to=TO, body="own")
    assert world.phone(TO).wait_for().body == "own"


class OfUnittest(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())

    def test_texts_are_given_once_and_in_order(self):
        phone = self.world.phone(TO)
        for body in ("code 1111", "hello", "code 2222"):
            self.world.twilio.messages.create(from_=FROM, to=TO, body=body)
            phone.wait_for(body)
        fresh = type(phone)(self.world.lab, TO)
        assert [fresh.code(), fresh.code()] == ["1111", "2222"]
