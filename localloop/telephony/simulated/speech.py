"""How long it takes to say something: about fifteen characters a second, as people and voices do."""

from __future__ import annotations

from typing import Final

CHARACTERS_A_SECOND: Final = 15.0
SHORTEST_S: Final = 0.5
TONE_S: Final = 0.1
HALF_PAUSE_S: Final = 0.5
FILE_S: Final = 5.0  # of a file that nobody has looked into
BEEP_S: Final = 0.5


def seconds_of(text: str) -> float:
    """Of a text that is said once."""
    return max(SHORTEST_S, len(text) / CHARACTERS_A_SECOND)


def seconds_of_tones(digits: str) -> float:
    """Of keys with their pauses: `w` is half a second, `W` a whole one."""
    halves = digits.count("w") + 2 * digits.count("W")
    keys = sum(each not in "wW" for each in digits)
    return keys * 2 * TONE_S + halves * HALF_PAUSE_S
