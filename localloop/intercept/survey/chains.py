"""Node, TypeScript, Ruby and PHP: chains of names that begin at a client of Twilio's package; TwiML that is built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from localloop.intercept.survey import code
from localloop.intercept.survey.code import Chain
from localloop.intercept.survey.names import VERBS, Names, names, plain
from localloop.intercept.survey.twiml import ROOTS, element_of
from localloop.intercept.survey.use import Call, Place, Unclear, Use, Verb, positional, wire_names

_MAKES: Final = frozenset({"create", "fetch"})
_ASSIGNED: Final = re.compile(r"([@$]?\w+)\s*(?::\s*[\w.<>]+\s*)?\|?\|?=\s*(?:await\s+)?$")


class Language(Struct, frozen=True):
    """How a language makes a client, and how its names look."""

    name: str
    imports: re.Pattern[str]  # that Twilio's package is used at all; group 1: by which name
    client: tuple[str, ...]  # patterns with {package}; group 1: the client's name
    variable: str  # what names look like before them


_JS: Final = Language(
    "js",
    re.compile(
        r"""(?:(?:const|let|var)\s+(\w+)\s*=\s*require\(\s*["']twilio["']\s*\)|import\s+(?:\*\s+as\s+)?(\w+)[^;\n]*"""
        r"""from\s+["']twilio["']|import\s*\{[^}]*\}\s*from\s*["']twilio["']|require\(\s*["']twilio["']\s*\))"""
    ),
    (
        r"([\w.]+)\s*(?::\s*[\w.]+\s*)?=\s*(?:new\s+)?(?:{package})(?:\.Twilio)?\s*\(",
        r"([\w.]+)\s*(?::\s*[\w.]+\s*)?=\s*new\s+Twilio\s*\(",
        r"""([\w.]+)\s*=\s*require\(\s*["']twilio["']\s*\)\s*\(""",
        r"([\w.]+)\s*=\s*context\.getTwilioClient\s*\(",
    ),
    r"(?<![\w$.])",
)
_RUBY: Final = Language(
    "rb",
    re.compile(r"""(?:require\s+["']twilio-ruby["']|Twilio::)"""),
    (
        r"(@?\w+)\s*(?:\|\|)?=\s*Twilio::REST::Client\.new",
        r"def\s+(?:self\.)?(\w+)\s*(?:\n|;)\s*(?:@\w+\s*\|\|=\s*)?Twilio::REST::Client\.new",
    ),
    r"(?<![\w.@])",
)
_PHP: Final = Language(
    "php",
    re.compile(r"(?:use\s+\\?Twilio\\|new\s+\\?Twilio\\|Twilio\\Rest)"),
    (
        r"(\$\w+(?:->\w+)?)\s*=\s*new\s+(?:\\?Twilio\\Rest\\)?Client\s*\(",
        r"Client\s+(\$\w+)",
    ),
    r"(?<![\w>])",
)
LANGUAGES: Final = {language.name: language for language in (_JS, _RUBY, _PHP)}


def uses(file: str, text: str, language: Language) -> Iterator[Use]:
    """What one file uses."""
    text = code.without_comments(text, language.name)
    package = language.imports.search(text)
    if package is None and "getTwilioClient" not in text:
        return
    yield from _Reading(file, text, language, names()).all(_package(package))


def _package(found: re.Match[str] | None) -> str:
    named = [group for group in found.groups() if group] if found and found.groups() else []
    return named[0] if named else "twilio"


class _Reading:
    def __init__(self, file: str, text: str, language: Language, names: Names) -> None:
        self._file, self._text, self._language, self._names = file, text, language, names
        self._known: dict[str, tuple[str, ...]] = {}  # a variable → the chain that it stands for
        self._seen: set[int] = set()

    def all(self, package: str) -> Iterator[Use]:
        for pattern in self._language.client:
            for found in re.finditer(pattern.replace("{package}", re.escape(package)), self._text):
                self._known[found[1].removeprefix("this.").removeprefix("self.")] = ()
        yield from self._inline()
        # What is assigned from a chain is a name of its own; each may lead to more.
        done: set[str] = set()
        while left := [name for name in self._known if name not in done]:
            for name in left:
                done.add(name)
                yield from self._chains_of(name)
        yield from self._twiml()

    def _place(self, at: int) -> Place:
        return Place(self._file, code.line_of(self._text, at))

    def _inline(self) -> Iterator[Use]:
        """`require("twilio")(sid, token).messages.create(…)`: a client without a name."""
        pattern = r"""(?:require\(\s*["']twilio["']\s*\)|Twilio::REST::Client\.new|\bnew\s+Twilio)\s*(?=\()"""
        for found in re.finditer(pattern, self._text):
            end = code.closing(self._text, found.end())
            yield from self._use((), code.chain(self._text, end), found.start())

    def _chains_of(self, name: str) -> Iterator[Use]:
        owner = r"(?:this\.|self\.)?" if not name.startswith(("$", "@")) else ""
        for found in re.finditer(rf"{self._language.variable}{owner}{re.escape(name)}(?![\w$])", self._text):
            if found.start() not in self._seen:
                chain = code.chain(self._text, found.end())
                if chain.links:
                    self._seen.add(found.start())
                    yield from self._use(self._known[name], chain, found.start())

    def _use(self, prefix: tuple[str, ...], chain: Chain, at: int) -> Iterator[Use]:
        path = list(prefix)
        for number, link in enumerate(chain.links):
            verb = VERBS.get(plain(link.name))
            operation = self._names.operation(path, link.name) if verb and path else None
            if operation is not None:
                params = wire_names(operation, code.keys(link.args or ""))
                if link.args and verb == "create" and self._language.name == "php":
                    params |= positional(operation, code.leading(link.args))
                yield Call(operation, params, self._place(at))
                if verb in _MAKES:
                    self._assign(at, tuple(path))
                return
            path.append(link.name)
            is_last = number == len(chain.links) - 1
            if is_last and self._names.named(path):
                self._assign(at, tuple(path))
            elif is_last and not prefix and len(path) > 1 and verb:
                yield Unclear(".".join(path), self._place(at))

    def _assign(self, at: int, path: tuple[str, ...]) -> None:
        line = self._text.rfind("\n", 0, at) + 1
        found = _ASSIGNED.search(self._text[line:at])
        if found is not None:
            self._known.setdefault(found[1], path)

    def _twiml(self) -> Iterator[Use]:
        """Documents that are built: `twiml.say(…)`, and what is said to their parts."""
        made: dict[str, str] = {}
        roots = "|".join(ROOTS)
        for found in re.finditer(
            rf"([@$]?\w+)\s*=\s*(?:new\s+)?[\w.:\\]*\b({roots})(?:\.new)?\s*(?=[(\n;]|do\b)", self._text
        ):
            made[found[1]] = ROOTS[found[2]]
            yield Verb(ROOTS[found[2]], "Response", frozenset(), self._place(found.start()))
        for found in re.finditer(rf"\b({roots})\.new\s*(?:do|\{{)\s*\|(\w+)\|", self._text):
            made[found[2]] = ROOTS[found[1]]
            yield Verb(ROOTS[found[1]], "Response", frozenset(), self._place(found.start()))
        done: set[str] = set()
        while left := [name for name in made if name not in done]:
            for name in left:
                done.add(name)
                yield from self._verbs_of(name, made)

    def _verbs_of(self, name: str, made: dict[str, str]) -> Iterator[Use]:
        product = made[name]
        for found in re.finditer(rf"(?<![\w.>]){re.escape(name)}(?=\s*(?:\.|->))", self._text):
            chain = code.chain(self._text, found.end())
            for link in chain.links:
                element = element_of(product, link.name)
                if element is None:
                    break
                yield Verb(
                    element.product,
                    element.name,
                    frozenset(code.keys(link.args or "")),
                    self._place(found.start()),
                )
                product = element.product
            line = self._text.rfind("\n", 0, found.start()) + 1
            if assigned := _ASSIGNED.search(self._text[line : found.start()]):
                made.setdefault(assigned[1], product)
            block = re.compile(r"\s*(?:do|\{)\s*\|(\w+)\|").match(self._text, chain.end)
            if block:
                made.setdefault(block[1], product)
