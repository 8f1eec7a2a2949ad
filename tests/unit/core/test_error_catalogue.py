"""The catalogue holds Twilio's dictionary, and each named error says what Twilio says."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import pytest

from localloop.core import errors
from localloop.core.errors import ApiError

SID = "AC" + "1" * 32
TO, FROM = "+14155550123", "+14155550199"


def test_catalogue_holds_the_dictionary() -> None:
    entries = errors.catalogue()
    assert len(entries) > 1_500
    assert all(code == entry.code and entry.title for code, entry in entries.items())
    assert entries[30003].title == "Unreachable destination handset"
    assert (entries[12200].level, entries[12100].level) == ("warning", "error")


def test_catalogue_is_one_line_per_code_in_order() -> None:
    assert list(errors.catalogue()) == sorted(errors.catalogue())


def test_title_of_an_unknown_code_is_empty() -> None:
    assert errors.title(99999) == ""
    assert errors.title(21610) == "Attempt to send to unsubscribed recipient"


# Status, code and text as Twilio's API answered in public logs, or as its documentation has them.
KNOWN = [
    (
        errors.missing_parameter("FriendlyName"),
        400,
        20001,
        "Missing required parameter FriendlyName in the post body",
    ),
    (errors.invalid_page_size(), 400, 20001, "Invalid PageSize."),
    (errors.authenticate(), 401, 20003, "Authenticate"),
    (errors.no_credentials(), 401, 20003, "Authentication Error - No credentials provided"),
    (errors.invalid_username(), 401, 20003, "Authentication Error - invalid username"),
    (errors.permission_denied(), 403, 20003, "Permission Denied"),
    (errors.method_not_allowed(), 405, 20004, "Method not allowed"),
    (errors.account_not_active(), 403, 20005, "Account not active"),
    (errors.test_credentials(), 403, 20008, "Resource not accessible with Test Account Credentials"),
    (errors.delete_before_complete(), 409, 20009, "Cannot delete this resource before it is complete"),
    (errors.conflict(), 409, 20409, "Conflict"),
    (errors.body_too_large(), 413, 20413, "Request Entity Too Large"),
    (errors.precondition_failed(), 412, 20412, "Precondition Failed"),
    (errors.too_many_requests(), 429, 20429, "Too Many Requests"),
    (errors.internal_server_error(), 500, 20500, "An internal server error has occurred"),
    (errors.service_unavailable(), 503, 20503, "Service unavailable"),
    (errors.no_called_number(), 400, 21201, "No 'To' number is specified"),
    (errors.call_url_required(), 400, 21205, "Url parameter is required."),
    (errors.invalid_call_url("x"), 400, 21205, "Url is not a valid URL: x"),
    (
        errors.caller_not_verified(FROM),
        400,
        21210,
        f"The source phone number provided, {FROM}, is not yet verified for your account. You may only make calls "
        "from phone numbers that you've verified or purchased from Twilio.",
    ),
    (errors.invalid_to("+15005550001"), 400, 21211, "Invalid 'To' Phone Number: +1500555XXXX"),
    (errors.invalid_called_number("abc"), 400, 21211, "The 'To' number abc is not a valid phone number."),
    (
        errors.invalid_from("!!"),
        400,
        21212,
        "The 'From' number !! is not a valid phone number, shortcode, or alphanumeric sender ID.",
    ),
    (errors.call_not_in_progress(), 400, 21220, "Call is not in-progress. Cannot redirect."),
    (errors.same_to_and_from(TO), 400, 21266, "'To' and 'From' number cannot be the same: +1415555XXXX"),
    (
        errors.region_not_permitted(TO),
        400,
        21408,
        f"Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {TO}",
    ),
    (errors.phone_number_invalid("x"), 400, 21421, "x is not a valid number"),
    (errors.phone_number_unavailable(TO), 400, 21422, f"{TO} is not available"),
    (errors.no_numbers_in_area_code("533"), 400, 21452, "No phone numbers found in area code 533"),
    (errors.invalid_page_token(), 400, 21481, "Invalid PageToken"),
    (errors.body_required(), 400, 21602, "Message body is required."),
    (errors.from_required(), 400, 21603, "A 'From' phone number is required."),
    (errors.to_required(), 400, 21604, "A 'To' phone number is required."),
    (
        errors.from_not_message_capable(FROM),
        400,
        21606,
        f"The From phone number {FROM} is not a valid, SMS-capable inbound phone number or short code "
        "for your account.",
    ),
    (errors.opted_out(TO), 400, 21610, "Attempt to send to unsubscribed recipient"),
    (
        errors.unreachable(TO, FROM),
        400,
        21612,
        f"The 'To' phone number: {TO}, is not currently reachable using the 'From' phone number: {FROM} via SMS.",
    ),
    (errors.not_a_mobile_number(TO), 400, 21614, f"To number: {TO}, is not a mobile number"),
    (errors.body_too_long(), 400, 21617, "The concatenated message body exceeds the 1600 character limit."),
    (
        errors.from_not_owned(FROM),
        400,
        21659,
        f"'From' {FROM} is not a Twilio phone number or Short Code country mismatch",
    ),
    (
        errors.from_of_another_account(FROM, SID),
        400,
        21660,
        f"Mismatch between the 'From' number {FROM} and the account {SID}",
    ),
    (errors.message_cannot_be_canceled(), 400, 30409, "This message cannot be canceled"),
    (
        errors.scheduling_needs_messaging_service(),
        400,
        35118,
        "MessagingServiceSid is required to schedule a message",
    ),
    (errors.invalid_verify_parameter("To", "x"), 400, 60200, "Invalid parameter `To`: x"),
    (errors.max_check_attempts(), 429, 60202, "Max check attempts reached"),
    (errors.max_send_attempts(), 429, 60203, "Max send attempts reached"),
    (
        errors.channel_not_found(),
        400,
        63007,
        "Twilio could not find a Channel with the specified From address",
    ),
]


@pytest.mark.parametrize(("error", "status", "code", "message"), KNOWN, ids=lambda value: str(value)[:30])
def test_known_errors(error: ApiError, status: int, code: int, message: str) -> None:
    assert (error.status, error.code, error.message) == (status, code, message)
    assert str(error) == message
    assert error.more_info == f"https://www.twilio.com/docs/errors/{code}"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/2010-04-01/Accounts/{SID}/Calls/CA1.json", f"/2010-04-01/Accounts/{SID}/Calls/CA1.json"),
        ("/v2/Services/VA1/VerificationCheck", "/Services/VA1/VerificationCheck"),
        ("/v1/PhoneNumbers/0764709712?Type=carrier", "/PhoneNumbers/0764709712"),
        ("/v1/AuthTokens/Secondary", "/AuthTokens/Secondary"),
        ("/Services/v1/x", "/Services/v1/x"),
    ],
)
def test_not_found_names_the_path_as_each_api_does(path: str, shown: str) -> None:
    error = errors.not_found(path)
    assert (error.status, error.code) == (404, 20404)
    assert error.message == f"The requested resource {shown} was not found"


def test_not_found_may_say_where_to_look() -> None:
    assert errors.not_found("/v1/Services", hint="Try /chat/v1/Services").message.endswith(
        "Try /chat/v1/Services"
    )


def test_values_with_braces_are_only_text() -> None:
    assert errors.invalid_called_number("{to}{x!r}").message == (
        "The 'To' number {to}{x!r} is not a valid phone number."
    )
    assert errors.not_found("/{path}").message == "The requested resource /{path} was not found"


def test_an_error_by_code_alone_shows_the_title() -> None:
    assert errors.of(21211).message == "Invalid 'To' Phone Number"
    assert errors.of(30007).message == "Message filtered"


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, function in vars(errors).items()
        if inspect.isfunction(function)
        and not name.startswith("_")
        and get_type_hints(function).get("return") is ApiError
        and name not in ("of", "worded")
    ],
)
def test_every_named_error_can_be_made_and_leaves_no_hole(name: str) -> None:
    function = getattr(errors, name)
    needed = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    error = function(*("+14155550123" for _ in needed))
    assert 400 <= error.status <= 503
    assert error.code in errors.catalogue() or error.code == 20412
    assert error.message
    assert "{" not in error.message
