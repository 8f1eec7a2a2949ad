"""Which part of a recording is fetched."""

from __future__ import annotations

from localloop.products.voice.recording.media import part_of


def test_a_range_that_is_no_number_of_bytes_is_ignored() -> None:
    assert part_of(100, "bytes=0-" + "9" * 5000) == range(100)
    assert part_of(100, "bytes=" + "9" * 5000 + "-") == range(100)
