"""Ways out for messages, behind one Protocol: simulated phones now, SMPP and HTTP beside them."""

from localloop.carriers.carrier import Accepted, Carrier, Receipt, Refused, Submission
from localloop.carriers.loopback import Loopback

__all__ = ["Accepted", "Carrier", "Loopback", "Receipt", "Refused", "Submission"]
