"""Python: the syntax tree, from where a client of Twilio's package is made to what is asked of it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from localloop.intercept.survey.names import VERBS, Names, names, plain
from localloop.intercept.survey.twiml import ROOTS, Element, element_of
from localloop.intercept.survey.use import Call, Place, Unclear, Use, Verb, wire_names

_CLIENT: Final = frozenset({"twilio.rest.Client", "twilio.rest.TwilioRestClient"})
_PACKAGE: Final = "twilio"
_TWIML: Final = "twilio.twiml"
_ITERATING: Final = frozenset({"list", "stream", "liststream"})
_Chain: TypeAlias = tuple[str, ...]
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)

# What a name stands for: a chain below a client, or a part of a TwiML document.
_Meaning: TypeAlias = _Chain | Element


def clients(source: str) -> frozenset[str]:
    """Names of this module that are clients, or functions that return one: what other modules may import."""
    if _PACKAGE not in source:
        return frozenset()
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError):
        return frozenset()
    reading = _Reading("", names(), _imports(module))
    list(reading.block(module.body))
    return frozenset(name for name, meaning in reading.scope.items() if meaning == ())


def uses(file: str, source: str, elsewhere: Mapping[str, frozenset[str]]) -> Iterator[Use]:
    """What a module uses. `elsewhere`: the clients of the program's other modules, by their last name."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        yield Unclear(f"no Python: {getattr(error, 'msg', error)}", Place(file, line))
        return
    imported = _imports(module)
    reading = _Reading(file, names(), imported)
    for name, origin in imported.items():
        home, _, own = origin.rpartition(".")
        if own in elsewhere.get(home.rpartition(".")[2], frozenset()):
            reading.scope[name] = ()
    if _PACKAGE in source or reading.scope:
        yield from reading.block(module.body)


def _imports(module: ast.Module) -> dict[str, str]:
    """What each imported name is, with its package."""
    found = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
    return found


class _Reading:
    """One module, statement by statement; a function sees the names around it, and keeps its own."""

    def __init__(self, file: str, names: Names, imports: Mapping[str, str]) -> None:
        self._file, self._names, self._imports = file, names, imports
        self.scope: dict[str, _Meaning] = {}
        self._meant: dict[ast.expr, _Meaning | None] = {}  # as long as no name gets another meaning

    def block(self, body: Iterable[ast.stmt]) -> Iterator[Use]:
        functions = []
        for statement in body:
            if isinstance(statement, _Function):
                self._returns(statement)
                functions.append(statement)
            else:
                yield from self._statement(statement)
        for function in functions:
            yield from self._inside(function)

    def _inside(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Use]:
        around = self.scope
        self.scope = dict(around)
        self._meant.clear()
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
            self.scope.pop(argument.arg, None)
            if argument.annotation is not None and self._is_client(argument.annotation):
                self.scope[argument.arg] = ()
            elif argument.arg not in ("self", "cls") and around.get(argument.arg) == ():
                self.scope[argument.arg] = ()  # handed on by the name that it has outside
        for decorator in function.decorator_list:
            yield from self._expressions(decorator)
        yield from self.block(function.body)
        kept = {name: meaning for name, meaning in self.scope.items() if name.startswith("self.")}
        self.scope = around | kept
        self._meant.clear()

    def _returns(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """A function that returns a client is called where a client is wanted."""
        annotated = function.returns is not None and self._is_client(function.returns)
        made = any(
            isinstance(node, ast.Return)
            and isinstance(node.value, ast.Call)
            and self._is_client(node.value.func)
            for node in ast.walk(function)
        )
        if annotated or made:
            self.scope[function.name] = ()
            self._meant.clear()

    def _statement(self, statement: ast.stmt) -> Iterator[Use]:
        if isinstance(statement, ast.ClassDef):
            yield from self._class(statement)
            return
        bodies = [
            getattr(statement, name)
            for name in ("body", "orelse", "finalbody")
            if isinstance(getattr(statement, name, None), list)
        ]
        handlers = getattr(statement, "handlers", [])
        cases = getattr(statement, "cases", [])
        for part in ast.iter_child_nodes(statement):
            if isinstance(part, ast.expr | ast.withitem):
                yield from self._expressions(part)
        self._learn(statement)
        for body in (*bodies, *(each.body for each in (*handlers, *cases))):
            yield from self.block(body)

    def _class(self, statement: ast.ClassDef) -> Iterator[Use]:
        """`__init__` first: it says what `self` has."""
        order = sorted(statement.body, key=lambda each: getattr(each, "name", "") != "__init__")
        around = dict(self.scope)
        for each in order:
            yield from self.block([each])
        self.scope = around
        self._meant.clear()

    def _learn(self, statement: ast.stmt) -> None:
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(statement, ast.Assign):
            pairs = [(target, statement.value) for target in statement.targets]
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            pairs = [(statement.target, statement.value)]
        elif isinstance(statement, ast.For | ast.AsyncFor):
            self._bind(statement.target, self._records(statement.iter))
        elif isinstance(statement, ast.With | ast.AsyncWith):
            pairs = [
                (item.optional_vars, item.context_expr) for item in statement.items if item.optional_vars
            ]
        for target, value in pairs:
            self._bind(target, self._meaning(value))

    def _bind(self, target: ast.expr, meaning: _Meaning | None) -> None:
        name = _name(target)
        self._meant.clear()
        if name and meaning is not None:
            self.scope[name] = meaning
        elif name:
            self.scope.pop(name, None)

    def _records(self, iterated: ast.expr) -> _Meaning | None:
        """What a loop goes over is of the kind that was listed."""
        found = self._called(iterated)
        if found is not None and plain(found[1]).removesuffix("async") in _ITERATING:
            return found[0]
        meaning = self._meaning(iterated)
        return meaning if isinstance(meaning, tuple) and meaning else None

    # Expressions

    def _expressions(self, node: ast.AST) -> Iterator[Use]:
        for part in ast.walk(node):
            if isinstance(part, ast.Call):
                yield from self._call(part)

    def _call(self, node: ast.Call) -> Iterator[Use]:
        given = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
        place = Place(self._file, node.lineno)
        if (element := self._element(node)) is not None:
            yield Verb(element.product, element.name, given, place)
            return
        if (found := self._called(node)) is None:
            return
        chain, verb = found
        operation = self._names.operation(chain, verb)
        if operation is not None:
            yield Call(operation, wire_names(operation, given), place)
        elif chain and not self._names.named((*chain, verb)):
            yield Unclear(".".join((*chain, verb)), place)

    def _called(self, node: ast.expr) -> tuple[_Chain, str] | None:
        """The chain below a client, and the verb that is called on it."""
        node = node.value if isinstance(node, ast.Await) else node
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            return None
        verb = node.func.attr
        meaning = self._meaning(node.func.value)
        if isinstance(meaning, tuple) and plain(verb).removesuffix("async") in VERBS:
            return meaning, verb
        return None

    def _meaning(self, node: ast.expr) -> _Meaning | None:
        """Each link of a chain is asked for what it means in several ways: it is found out once."""
        if node not in self._meant:
            self._meant[node] = self._found_meaning(node)
        return self._meant[node]

    def _found_meaning(self, node: ast.expr) -> _Meaning | None:
        if isinstance(node, ast.Await | ast.NamedExpr):
            return self._meaning(node.value)
        if (name := _name(node)) and name in self.scope:
            return self.scope[name]
        if isinstance(node, ast.Attribute):
            owner = self._meaning(node.value)
            return (*owner, node.attr) if isinstance(owner, tuple) else None
        if not isinstance(node, ast.Call):
            return None
        if self._is_client(node.func):
            return ()
        if (element := self._element(node)) is not None:
            return element
        if (found := self._called(node)) is not None:
            return found[0]
        meaning = self._meaning(node.func)
        return meaning if isinstance(meaning, tuple) else None

    def _element(self, node: ast.Call) -> Element | None:
        """A part of a TwiML document: a class of the package, or a method of another part."""
        origin = self._origin(node.func)
        if origin.startswith(_TWIML):
            name = origin.rpartition(".")[2]
            product = "messaging" if "messaging" in origin else "voice"
            if name in ROOTS:
                return Element(ROOTS[name], "Response")
            return element_of(product, name)
        if isinstance(node.func, ast.Attribute):
            owner = self._meaning(node.func.value)
            if isinstance(owner, Element):
                return element_of(owner.product, node.func.attr)
        return None

    def _is_client(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):  # an annotation in quotes
            return self._imports.get(node.value, "") in _CLIENT
        if isinstance(node, ast.BinOp):  # Client | None
            return self._is_client(node.left) or self._is_client(node.right)
        return self._origin(node) in _CLIENT

    def _origin(self, node: ast.expr) -> str:
        dotted = _name(node)
        first, _, rest = dotted.partition(".")
        origin = self._imports.get(first, "")
        return f"{origin}.{rest}" if origin and rest else origin


def _name(node: ast.expr) -> str:
    """`self.client` or `client`; "" for what is no plain name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _name(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""
