"""The shell line that repeats a webhook: whatever was sent, the shell must read it as that and nothing else."""

from __future__ import annotations

import shlex
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localloop.console.curl import curl_of

ROW = {"method": "POST", "url": "http://127.0.0.1/status"}
ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=80)


def words(request: dict[str, Any] | None) -> list[str]:
    return shlex.split(curl_of(ROW, {"request": request} if request else None))


def test_a_request_is_repeated() -> None:
    request = {
        "method": "POST",
        "url": "http://127.0.0.1/status?a[]={1}",
        "headers": [
            ["Content-Type", "application/x-www-form-urlencoded"],
            ["Host", "x"],
            ["Authorization", "…"],
        ],
        "body": "Body=it's&x=$(rm -rf)",
    }
    assert words(request) == [
        *("curl", "-i", "-g", "-H", "Content-Type: application/x-www-form-urlencoded"),
        *("--data-raw", "Body=it's&x=$(rm -rf)", "http://127.0.0.1/status?a[]={1}"),
    ]


def test_a_compact_row_is_repeated_without_its_parameters() -> None:
    assert words(None) == ["curl", "-i", "-g", "-X", "POST", "http://127.0.0.1/status"]


@settings(suppress_health_check=[HealthCheck.too_slow])  # so it is where others have the processor
@given(body=ANYTHING, value=ANYTHING, url=ANYTHING)
def test_the_shell_reads_what_was_sent(body: str, value: str, url: str) -> None:
    request = {"method": "PUT", "url": url, "headers": [["X-Any", value]], "body": body}
    assert words(request) == [
        *("curl", "-i", "-g", "-X", "PUT"),
        *(() if value == "…" else ("-H", f"X-Any: {value}")),
        *("--data-raw", body, url),
    ]
