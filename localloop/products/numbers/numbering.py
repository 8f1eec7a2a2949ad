"""Numbering plans as finite automata: their numbers can be counted and picked by index.

libphonenumber describes each country's numbers by regular expressions over digits, in which all repetition is
bounded. Such an expression is compiled into the smallest acyclic automaton that accepts the same numbers.
Counting the numbers below each state makes it possible to name the n-th number that also meets a search,
without scanning.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

ANY: Final = 0b1111111111  # a set of digits: bit d stands for the digit d


class Node:
    """A state. Two nodes of one plan are equal only if they are the same."""

    __slots__ = ("accepts", "counts", "edges", "index")

    def __init__(self, index: int, accepts: bool, edges: tuple[tuple[int, Node], ...]) -> None:
        self.index = index
        self.accepts = accepts
        self.edges = edges  # (set of digits, where they lead)
        self.counts: dict[int, int] = {}

    def count(self, length: int) -> int:
        """How many numbers of this many digits are accepted from here."""
        if length == 0:
            return int(self.accepts)
        known = self.counts.get(length)
        if known is None:
            known = sum(digits.bit_count() * node.count(length - 1) for digits, node in self.edges)
            self.counts[length] = known
        return known

    def follow(self, digit: int) -> Node | None:
        for digits, node in self.edges:
            if digits >> digit & 1:
                return node
        return None

    def matches(self, number: str) -> bool:
        node: Node | None = self
        for character in number:
            node = node.follow(ord(character) - 48) if node is not None else None
        return node is not None and node.accepts


Position = tuple[int, int]  # (set of digits, state after them); digits == 0 is a step without a digit


class _Machine:
    """The non-deterministic automaton of an expression, built while it is read."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.states: list[list[Position]] = []
        self.start = self.state()
        self.end = self._alternatives(self.start)
        if self.at != len(pattern):
            raise ValueError(f"cannot read {pattern!r} at {self.at}")

    def state(self) -> int:
        self.states.append([])
        return len(self.states) - 1

    def _alternatives(self, start: int) -> int:
        end = self.state()
        while True:
            self.states[self._sequence(start)].append((0, end))
            if self._peek() != "|":
                return end
            self.at += 1

    def _sequence(self, start: int) -> int:
        state = start
        while self._peek() not in ("", "|", ")"):
            state = self._repeated(state)
        return state

    def _repeated(self, start: int) -> int:
        begin = self.at
        end = self._atom(start)
        least, most = self._bounds()
        after = self.at
        ends = [start] if least == 0 else []
        for count in range(1, most + 1):
            if count > 1:
                self.at = begin
                end = self._atom(end)
            if count >= least:
                ends.append(end)
        self.at = after
        out = self.state()
        for state in ends:
            self.states[state].append((0, out))
        return out

    def _bounds(self) -> tuple[int, int]:
        if self._peek() == "?":
            self.at += 1
            return 0, 1
        if self._peek() != "{":
            return 1, 1
        close = self.pattern.index("}", self.at)
        low, comma, high = self.pattern[self.at + 1 : close].partition(",")
        self.at = close + 1
        return int(low), int(high) if comma else int(low)

    def _atom(self, start: int) -> int:
        character = self._peek()
        if character == "(":
            self.at += 3  # "(?:"
            inner = self.state()
            self.states[start].append((0, inner))
            end = self._alternatives(inner)
            self.at += 1
            return end
        end = self.state()
        self.states[start].append((self._digits(character), end))
        return end

    def _digits(self, character: str) -> int:
        if character == "\\":
            self.at += 2  # "\d"
            return ANY
        self.at += 1
        if character != "[":
            return 1 << int(character)
        close = self.pattern.index("]", self.at)
        body, self.at = self.pattern[self.at : close], close + 1
        digits = 0
        for low, high in _ranges(body):
            for digit in range(low, high + 1):
                digits |= 1 << digit
        return digits

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]


def _ranges(body: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(body):
        if body[at + 1 : at + 2] == "-":
            found.append((int(body[at]), int(body[at + 2])))
            at += 3
        else:
            found.append((int(body[at]), int(body[at])))
            at += 1
    return found


class _Reduction:
    """Subset construction with shared tails, which makes the automaton minimal."""

    def __init__(self, machine: _Machine) -> None:
        self.machine = machine
        self.known: dict[frozenset[int], Node] = {}
        self.shared: dict[tuple[bool, tuple[tuple[int, int], ...]], Node] = {}

    def node(self, states: frozenset[int]) -> Node:
        found = self.known.get(states)
        if found is None:
            found = self.known[states] = self._share(states)
        return found

    def closure(self, states: set[int]) -> frozenset[int]:
        pending = list(states)
        while pending:
            for digits, target in self.machine.states[pending.pop()]:
                if digits == 0 and target not in states:
                    states.add(target)
                    pending.append(target)
        return frozenset(states)

    def _share(self, states: frozenset[int]) -> Node:
        targets: list[set[int]] = [set() for _ in range(10)]
        for state in states:
            for digits, target in self.machine.states[state]:
                for digit in range(10):
                    if digits >> digit & 1:
                        targets[digit].add(target)
        edges: dict[int, tuple[int, Node]] = {}
        for digit, target_states in enumerate(targets):
            if target_states:
                node = self.node(self.closure(target_states))
                edges[node.index] = (edges.get(node.index, (0, node))[0] | 1 << digit, node)
        accepts = self.machine.end in states
        key = (accepts, tuple(sorted((digits, index) for index, (digits, _) in edges.items())))
        found = self.shared.get(key)
        if found is None:
            found = self.shared[key] = Node(len(self.shared), accepts, tuple(edges.values()))
        return found


@lru_cache(maxsize=256)
def plan(pattern: str) -> Node:
    """The start state of a pattern; ValueError for one that libphonenumber would not write."""
    machine = _Machine(pattern)
    reduction = _Reduction(machine)
    return reduction.node(reduction.closure({machine.start}))


Template = tuple[int, ...]  # for each digit of a national number, the set of digits that may stand there


class Pattern:
    """What must occur in a number: elements side by side, anywhere unless tied to an end."""

    __slots__ = ("done", "elements", "loops", "start", "tied_end", "tied_start")

    def __init__(
        self,
        elements: Sequence[int],
        gaps: Sequence[int] = (),
        *,
        tied_start: bool = False,
        tied_end: bool = False,
    ) -> None:
        """`gaps` are the places before which any sequence of digits may stand."""
        self.elements = [
            sum(1 << place for place, digits in enumerate(elements) if digits >> digit & 1)
            for digit in range(10)
        ]
        self.loops = sum(1 << place for place in set(gaps)) | (0 if tied_start else 1)
        self.done = 1 << len(elements)
        self.tied_start = tied_start
        self.tied_end = tied_end and len(elements) not in gaps
        self.start = 1

    def step(self, state: int, digit: int) -> int:
        """The state after one more digit; `done` alone is final when nothing may follow wrongly."""
        if state == self.done and not self.tied_end:
            return state
        after = (state & self.elements[digit]) << 1 | state & self.loops
        return self.done if after & self.done and not self.tied_end else after

    def met(self, state: int) -> bool:
        return bool(state & self.done)


class Selection:
    """The numbers of a plan that fit a template and contain a pattern, in a fixed order."""

    def __init__(self, root: Node, template: Template, pattern: Pattern | None, prefix: str = "") -> None:
        """`prefix` (the country code) takes part in the pattern but not in the template."""
        self.root = root
        self.template = template
        self.pattern = pattern
        self.state = -1
        if pattern is not None:
            self.state = pattern.start
            for digit in prefix:
                self.state = pattern.step(self.state, int(digit))
        self.free_from = len(template)
        while self.free_from and template[self.free_from - 1] == ANY:
            self.free_from -= 1
        self.known: dict[tuple[int, int, int], int] = {}
        self.size = self._count(root, 0, self.state)

    def number(self, index: int) -> str:
        """The national number at this index."""
        node, state, digits = self.root, self.state, []
        for place in range(len(self.template)):
            for digit, target, after in self._steps(node, place, state):
                below = self._count(target, place + 1, after)
                if index < below:
                    node, state = target, after
                    digits.append(chr(48 + digit))
                    break
                index -= below
            else:
                raise IndexError(index)
        return "".join(digits)

    def _steps(self, node: Node, place: int, state: int) -> list[tuple[int, Node, int]]:
        allowed, pattern = self.template[place], self.pattern
        steps = []
        for digits, target in node.edges:
            both = digits & allowed
            for digit in range(10):
                if both >> digit & 1:
                    after = -1 if pattern is None else pattern.step(state, digit)
                    steps.append((digit, target, after))
        return steps

    def _count(self, node: Node, place: int, state: int) -> int:
        pattern = self.pattern
        settled = pattern is None or (state == pattern.done and not pattern.tied_end)
        left = len(self.template) - place
        if settled and place >= self.free_from:
            return node.count(left)
        if left == 0:
            return int(node.accepts and pattern is not None and pattern.met(state))
        if state == 0 or node.count(left) == 0:
            return 0
        key = (node.index, place, state)
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = sum(
                self._count(target, place + 1, after) for _, target, after in self._steps(node, place, state)
            )
        return known
