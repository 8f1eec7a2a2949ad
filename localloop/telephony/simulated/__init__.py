"""Simulated phones: people and machines as data, who take calls, hear, speak and press keys in their world's time."""

from localloop.telephony.simulated.persona import Persona, PersonaError, Step
from localloop.telephony.simulated.phone import Phone
from localloop.telephony.simulated.wire import Wire

__all__ = ["Persona", "PersonaError", "Phone", "Step", "Wire"]
