"""Ways out for messages, behind one Protocol: simulated phones now, SMPP and HTTP beside them."""

from localloop.carriers.carrier import Accepted, Answer, Carrier, Receipt, Refused, Submission, Throttled
from localloop.carriers.loopback import Loopback

__all__ = ["Accepted", "Answer", "Carrier", "Loopback", "Receipt", "Refused", "Submission", "Throttled"]
