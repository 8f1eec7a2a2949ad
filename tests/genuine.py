"""Every webhook of every test is shown to Twilio's own validators when the test is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import validators


@pytest.fixture(autouse=True)
def _webhooks_are_genuine() -> Iterator[None]:
    yield
    refused = validators.settle()
    if refused:
        pytest.fail("\n".join(refused), pytrace=False)
