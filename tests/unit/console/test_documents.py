"""What a document that runs waits for, in words."""

from __future__ import annotations

from typing import get_args

from localloop.console.documents import DOING
from localloop.twiml.interpreter.state import AnyActivity


def test_everything_that_a_verb_can_be_doing_has_its_words() -> None:
    assert {each.__name__ for each in get_args(AnyActivity)} == set(DOING)
