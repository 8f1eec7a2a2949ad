"""The interpreter of calls: a step function over values, `step(state, event) -> (state, commands)`.

It does nothing and waits for nothing. Whoever holds a call keeps its `State`, brings its `Event`s in their order and
carries out the `Command`s; a state that was kept can be gone on with anywhere.
"""

from localloop.twiml.interpreter.commands import AnyCommand
from localloop.twiml.interpreter.events import AnyEvent, Inline, Source, Web
from localloop.twiml.interpreter.machine import step
from localloop.twiml.interpreter.running import Running
from localloop.twiml.interpreter.state import State, UnknownVersion, decode, encode

__all__ = [
    "AnyCommand",
    "AnyEvent",
    "Inline",
    "Running",
    "Source",
    "State",
    "UnknownVersion",
    "Web",
    "decode",
    "encode",
    "step",
]
