"""Runs as a program of its own, fed by `patterns.py`: tries a user's regular expression on texts.

A pattern may backtrack for hours, and Python cannot interrupt it, so it does so in a process that can be killed. One
JSON line in, `[pattern, [text, …]]`; one out: of each text null where the pattern is not found, else its groups by
number and by name. Imports nothing of this house: it shall start fast.
"""

import json
import re
import sys


def main() -> None:
    for line in sys.stdin:
        pattern, texts = json.loads(line)
        expression = re.compile(pattern)
        found = [expression.search(text) for text in texts]
        sys.stdout.write(json.dumps([None if each is None else groups_of(each) for each in found]) + "\n")
        sys.stdout.flush()


def groups_of(found: re.Match[str]) -> dict[str, str]:
    """0 is all of it; a group that took no part is empty."""
    numbered = {"0": found[0]} | {str(number): text for number, text in enumerate(found.groups(""), 1)}
    return numbered | found.groupdict("")


if __name__ == "__main__":
    main()
