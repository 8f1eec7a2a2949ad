"""What registrations are refused with, by name."""

from __future__ import annotations

from localloop.core import errors
from localloop.core.errors import ApiError


def brand_not_registered() -> ApiError:
    return errors.of(21717)


def use_case_invalid() -> ApiError:
    return errors.of(21720)


def token_incompatible() -> ApiError:
    return errors.of(21721)


def token_invalid() -> ApiError:
    return errors.of(21722)


def token_in_progress() -> ApiError:
    return errors.of(21723)


def brand_updated_too_often() -> ApiError:
    return errors.of(21724)


def brand_not_failed() -> ApiError:
    return errors.of(21725)


def starter_brands_disabled() -> ApiError:
    return errors.of(21726)


def campaign_incomplete() -> ApiError:
    return errors.of(21727)


def campaign_lengths_wrong() -> ApiError:
    return errors.of(21728)


def campaign_suspended() -> ApiError:
    return errors.of(21729)


def brand_suspended() -> ApiError:
    return errors.of(21731)


def too_many_campaigns_of_brand() -> ApiError:
    return errors.of(21732)


def invalid_tollfree_number() -> ApiError:
    return errors.of(30436)


def edit_time_expired() -> ApiError:
    return errors.of(30437)
