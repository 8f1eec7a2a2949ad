"""Where the two sides of a message or a call are from, as their webhooks say it; empty for what is not known.

Cities are in capitals, as in everything that Twilio was seen to send.
"""

from __future__ import annotations

from typing import Annotated

from localloop.core.geo import Place
from localloop.payloads.part import Part, said


class Places(Part, frozen=True, kw_only=True):
    """Where both sides are from."""

    from_city: Annotated[str, said("The city of From, empty when unknown", "NEW YORK")]
    from_state: Annotated[str, said("Its state or province", "NY")]
    from_zip: Annotated[str, said("Its postal code", "10001")]
    from_country: Annotated[str, said("Its country, ISO 3166", "US")]
    to_city: Annotated[str, said("The city of To, empty when unknown", "NEW YORK")]
    to_state: Annotated[str, said("Its state or province", "NY")]
    to_zip: Annotated[str, said("Its postal code", "10001")]
    to_country: Annotated[str, said("Its country, ISO 3166", "US")]


class CallPlaces(Part, frozen=True, kw_only=True):
    """The same by the older names that calls have as well."""

    caller_city: Annotated[str, said("The same as FromCity", "NEW YORK")]
    caller_state: Annotated[str, said("The same as FromState", "NY")]
    caller_zip: Annotated[str, said("The same as FromZip", "10001")]
    caller_country: Annotated[str, said("The same as FromCountry", "US")]
    called_city: Annotated[str, said("The same as ToCity", "NEW YORK")]
    called_state: Annotated[str, said("The same as ToState", "NY")]
    called_zip: Annotated[str, said("The same as ToZip", "10001")]
    called_country: Annotated[str, said("The same as ToCountry", "US")]


def places(from_: Place, to: Place) -> Places:
    """Both sides of a message or a call."""
    return Places(
        from_city=from_.city.upper(),
        from_state=from_.region,
        from_zip=from_.postal_code,
        from_country=from_.country,
        to_city=to.city.upper(),
        to_state=to.region,
        to_zip=to.postal_code,
        to_country=to.country,
    )


def call_places(from_: Place, to: Place) -> CallPlaces:
    """Both sides of a call, by their older names."""
    return CallPlaces(
        caller_city=from_.city.upper(),
        caller_state=from_.region,
        caller_zip=from_.postal_code,
        caller_country=from_.country,
        called_city=to.city.upper(),
        called_state=to.region,
        called_zip=to.postal_code,
        called_country=to.country,
    )
