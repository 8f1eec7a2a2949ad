"""Users' regular expressions, tried where they can do no harm: in a small process that is killed when one takes too
long. Short patterns without any repetition cannot, and are tried right here.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import orjson

_PROGRAM: Final = Path(__file__).with_name("matcher.py")
_START_S: Final = 5.0
_TEXT_LIMIT: Final = 4_096  # a text message has at most 1,600 characters
_LINE_LIMIT: Final = 1 << 20
_LONGEST: Final = 1_000
# Characters, dots and escapes of one character, in whatever case.
_HARMLESS: Final = re.compile(
    r"(?:\(\?i\))?\^?(?:[\w\s.,:;!#%&'\"@/<>=~-]|\\[dDwWsSbB.?+*()\[\]{}|^$/\\-]){0,100}\$?"
)


Groups: TypeAlias = dict[str, str]


class PatternError(ValueError):
    """The pattern is none, is too long, or takes too long."""


class Patterns:
    """Owns the matching process, which starts with the first pattern that needs it."""

    def __init__(self, *, time_limit_s: float = 0.5) -> None:
        self._time_limit_s = time_limit_s
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def search(self, pattern: str, texts: Sequence[str]) -> list[bool]:
        """Which texts the pattern is found in; PatternError."""
        expression = compiled(pattern)
        cut = [text[:_TEXT_LIMIT] for text in texts]
        if not cut or _HARMLESS.fullmatch(pattern):
            return [expression.search(text) is not None for text in cut]
        return [groups is not None for groups in await self._answered(pattern, cut)]

    async def groups(self, pattern: str, text: str) -> Groups | None:
        """What its groups took of the text, by number and by name; None where it is not found. PatternError."""
        compiled(pattern)
        [groups] = await self._answered(pattern, [text[:_TEXT_LIMIT]])
        return groups

    async def _answered(self, pattern: str, texts: list[str]) -> list[Groups | None]:
        async with self._turn:
            return await self._ask(pattern, texts)

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _ask(self, pattern: str, texts: list[str]) -> list[Groups | None]:
        answer: list[Groups | None] | None = None
        try:
            process = await self._running()
            async with asyncio.timeout(self._time_limit_s):
                answer = await _exchange(process, orjson.dumps([pattern, texts]) + b"\n")
        except (TimeoutError, ConnectionError, orjson.JSONDecodeError) as error:
            raise PatternError("Matches takes too long to try") from error
        finally:
            if answer is None:  # a process that still owes an answer would give it to the next question
                await self.close()
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            async with asyncio.timeout(_START_S):
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-I",
                    "-S",
                    str(_PROGRAM),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=_LINE_LIMIT,
                )
                await _exchange(self._process, b'["", []]\n')
        return self._process


async def _exchange(process: asyncio.subprocess.Process, question: bytes) -> list[Groups | None]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(question)
    answer: list[Groups | None] = orjson.loads(await process.stdout.readline())
    return answer


def compiled(pattern: str) -> re.Pattern[str]:
    """The expression; PatternError when it is none or too long."""
    if len(pattern) > _LONGEST:
        raise PatternError(f"Matches has more than {_LONGEST} characters")
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"Matches is no regular expression: {error}") from error
