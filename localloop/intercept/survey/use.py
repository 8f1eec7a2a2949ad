"""What is found in a program: calls of operations, verbs of TwiML, webhooks; each with where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from localloop.contract.model import Operation

# In Java, C# and PHP. What is required comes first.
_IN_ORDER: Final = {"CreateMessage": ("To", "From", "Body"), "CreateCall": ("To", "From", "Url")}
Product: TypeAlias = Literal["messaging", "voice", ""]


class Place(Struct, frozen=True, order=True):
    """A line of a file, or an exchange of a recording."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Call(Struct, frozen=True):
    """A request that the program makes. The parameters are by wire name where the contract knows them."""

    operation: Operation
    params: frozenset[str]
    place: Place


class Verb(Struct, frozen=True):
    """A verb or noun of TwiML that the program answers with."""

    product: Product
    name: str
    attributes: frozenset[str]
    place: Place


class Webhook(Struct, frozen=True):
    """A webhook that the program asks for, or reads. `kind` is one of `localloop.payloads.kinds`."""

    kind: str
    place: Place


class Unclear(Struct, frozen=True):
    """What speaks of Twilio, and was not understood."""

    text: str
    place: Place


Use: TypeAlias = Call | Verb | Webhook | Unclear


def wire_names(operation: Operation, given: Iterable[str]) -> frozenset[str]:
    """Parameters by their wire names, from any SDK's spelling; what the operation does not have is left out."""
    known = {_plain(param.name): param.name for param in operation.params if param.location != "path"}
    return frozenset(known[_plain(name)] for name in given if _plain(name) in known)


def positional(operation: Operation, count: int) -> frozenset[str]:
    """Parameters that are given by their place: those that are required, and of the best known operations the next."""
    known = _IN_ORDER.get(operation.id.rpartition(".")[2], ())
    required = {param.name for param in operation.params if param.required and param.location == "body"}
    return frozenset(known[:count] or (required if count else ()))


def _plain(name: str) -> str:
    """`from_`, `From` and `setFrom` without the `set`; `DateSent>` is date_sent_after to the SDKs."""
    lower = name.lower()
    if lower.endswith((">", "<")):
        lower = f"{lower[:-1]}{'after' if lower[-1] == '>' else 'before'}"
    return "".join(letter for letter in lower if letter.isalnum())
