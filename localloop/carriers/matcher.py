"""Runs as a program of its own, fed by `patterns.py`: tries a user's regular expression on texts.

A pattern may backtrack for hours, and Python cannot interrupt it, so it does so in a process that can be killed. One
JSON line in, `[pattern, [text, …]]`; one out, `[true, false, …]`. Imports nothing of this house: it shall start fast.
"""

import json
import re
import sys


def main() -> None:
    for line in sys.stdin:
        pattern, texts = json.loads(line)
        expression = re.compile(pattern)
        sys.stdout.write(json.dumps([expression.search(text) is not None for text in texts]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
