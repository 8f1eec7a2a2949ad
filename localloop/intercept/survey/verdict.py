"""Whether what a program uses behaves here, is plain, or differs: what one wants to know before moving."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from localloop.contract import load
from localloop.contract.model import Operation
from localloop.intercept.survey.twiml import RUNS, WAITS, is_known
from localloop.intercept.survey.use import Call, Place, Unclear, Use, Verb, Webhook
from localloop.payloads.kinds import KINDS

DIFFERENCES: Final = Path(__file__).with_name("data") / "differences.json"
Verdict: TypeAlias = Literal["behaves", "differs", "plain", "not yet", "unknown"]
# What the SDKs' builders call what is inside an element.
_CONTENT: Final = frozenset({"message", "body", "innerElements", "optionalAttributes"})
_T = TypeVar("_T")
Coverage: TypeAlias = Callable[[str, Operation], Literal["behaves", "plain"]]  # a resource's key


class Found(Struct, frozen=True, kw_only=True):
    """One thing that the program uses. `uses` are parameters of a request, or attributes of a verb."""

    name: str
    verdict: Verdict
    uses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


class Survey(Struct, frozen=True, kw_only=True):
    """All of it; what was not understood is told as well."""

    operations: tuple[Found, ...]
    verbs: tuple[Found, ...]
    webhooks: tuple[Found, ...]
    unclear: tuple[Found, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.operations or self.verbs or self.webhooks or self.unclear)


class Difference(Struct, frozen=True):
    """A row of docs/differences.md."""

    about: str
    twilio: str
    here: str
    concerns: tuple[str, ...]

    def is_met(self, operation_id: str, params: Iterable[str]) -> bool:
        """`api.v2010.CreateMessage MediaUrl` is met by who sends that parameter; without one, by everybody."""
        for each in self.concerns:
            wanted, *only = each.split()
            sent = not only or any(set(given.split("+")) <= set(params) for given in only)
            if wanted == operation_id and sent:
                return True
        return False


def survey(uses: Iterable[Use], coverage: Coverage) -> Survey:
    """Each operation, verb and webhook once."""
    uses = list(uses)
    return Survey(
        operations=_operations([use for use in uses if isinstance(use, Call)], coverage),
        verbs=_verbs([use for use in uses if isinstance(use, Verb)]),
        webhooks=_webhooks([use for use in uses if isinstance(use, Webhook)]),
        unclear=tuple(
            Found(name=use.text, verdict="unknown", places=(str(use.place),))
            for use in dict.fromkeys(use for use in uses if isinstance(use, Unclear))
        ),
    )


def _operations(calls: Sequence[Call], coverage: Coverage) -> tuple[Found, ...]:
    found = []
    for name, same in _grouped(calls, lambda call: call.operation.id).items():
        params = {param for call in same for param in call.params}
        _, resource, _, operation = load().operation(name)
        notes = tuple(f"{each.about}: {each.here}" for each in _differences() if each.is_met(name, params))
        verdict: Verdict = coverage(resource.key, operation)
        if verdict == "behaves" and notes:
            verdict = "differs"
        found.append(_found(name, verdict, sorted(params), notes, [call.place for call in same]))
    return tuple(sorted(found, key=lambda each: each.name))


def _verbs(verbs: Sequence[Verb]) -> tuple[Found, ...]:
    found = []
    for name, same in _grouped(verbs, _verb_name).items():
        attributes = {_attribute(each) for verb in same for each in verb.attributes} - _CONTENT
        verdict: Verdict = _verb_verdict(same[0])
        found.append(_found(name, verdict, sorted(attributes), (), [verb.place for verb in same]))
    return tuple(sorted(found, key=lambda each: each.name))


def _verb_name(verb: Verb) -> str:
    return f"{verb.product} <{verb.name}>".lstrip()


def _verb_verdict(verb: Verb) -> Verdict:
    if not is_known(verb.name):
        return "unknown"
    behaves = verb.name not in WAITS if verb.product == "voice" else verb.name in RUNS
    return "behaves" if behaves else "not yet"


def _attribute(name: str) -> str:
    """`num_digits` is numDigits, `from_` is from."""
    first, *words = name.strip("_").split("_")
    return (first[:1].lower() + first[1:]) + "".join(word[:1].upper() + word[1:] for word in words)


def _webhooks(webhooks: Sequence[Webhook]) -> tuple[Found, ...]:
    found = []
    for name, same in _grouped(webhooks, lambda webhook: webhook.kind).items():
        kind = KINDS[name]
        found.append(_found(name, "behaves", (), (kind.title,), [webhook.place for webhook in same]))
    return tuple(sorted(found, key=lambda each: each.name))


def _found(
    name: str, verdict: Verdict, uses: Sequence[str], notes: Sequence[str], places: Sequence[Place]
) -> Found:
    shown = tuple(str(place) for place in sorted(set(places)))
    return Found(name=name, verdict=verdict, uses=tuple(uses), notes=tuple(notes), places=shown)


def _grouped(items: Sequence[_T], key: Callable[[_T], str]) -> Mapping[str, list[_T]]:
    grouped: dict[str, list[_T]] = {}
    for item in items:
        grouped.setdefault(key(item), []).append(item)
    return grouped


@cache
def _differences() -> tuple[Difference, ...]:
    return msgspec.json.decode(DIFFERENCES.read_bytes(), type=tuple[Difference, ...])
