"""What the SDKs call each resource is what Twilio's Python package says today."""

from __future__ import annotations

from localloop.intercept.survey.names import FILE
from scripts import sdk_names


def test_the_names_are_those_of_the_package() -> None:
    """When this fails: python -m scripts.sdk_names."""
    assert FILE.read_text() == "".join("\t".join(row) + "\n" for row in sdk_names.names())
