"""Every webhook of every test is shown to Twilio's own validators, and to our schemas, when the test is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import validators


@pytest.fixture(autouse=True)
def _webhooks_are_genuine(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    refused = validators.settle(declared=request.node.get_closest_marker("invented_webhooks") is None)
    if refused:
        pytest.fail("\n".join(refused), pytrace=False)
