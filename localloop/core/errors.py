"""Twilio's errors by name: a catalogue says code, HTTP status and text, functions say when.

`data/errors.tsv` holds a line per code: code, level, HTTP status of a REST answer, title (Debugger, Alerts,
`error_message` of a message), and the text of a REST answer where it differs from the title. It is read at
the first error. Codes of the debugger alone never become a REST answer; their status is a formality.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct

MORE_INFO: Final = "https://www.twilio.com/docs/errors/"
_VERSION: Final = re.compile(r"^/v[0-9]+(?=/)")


class ApiError(Exception):
    """What a request is refused with. A bug is not one: it becomes a 500 elsewhere."""

    def __init__(
        self, status: int, code: int, message: str, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    @property
    def more_info(self) -> str:
        return f"{MORE_INFO}{self.code}"

    def __repr__(self) -> str:
        return f"ApiError({self.status}, {self.code}, {self.message!r})"


class Entry(Struct, frozen=True):
    """One code of Twilio's error dictionary."""

    code: int
    title: str
    level: Literal["error", "warning"]
    status: int
    pattern: str = ""  # text of a REST answer with {names} in it; "" = the title


@cache
def catalogue() -> Mapping[int, Entry]:
    """Every known code."""
    text = Path(__file__).with_name("data").joinpath("errors.tsv").read_text("utf-8")
    return {entry.code: entry for entry in map(_entry, text.splitlines())}


def _entry(line: str) -> Entry:
    code, level, status, title, *pattern = line.split("\t")
    return Entry(
        code=int(code),
        title=title,
        level="warning" if level == "warning" else "error",
        status=int(status),
        pattern=pattern[0] if pattern else "",
    )


def title(code: int) -> str:
    """What the Debugger and a message's `error_message` call this code; "" for an unknown one."""
    entry = catalogue().get(code)
    return entry.title if entry else ""


def of(code: int, **values: object) -> ApiError:
    """The error of this code; without values, a text that would need some falls back to the title."""
    entry = catalogue()[code]
    message = entry.pattern or entry.title
    if "{" in message:
        message = message.format(**values) if values else entry.title
    return ApiError(entry.status, code, message)


def worded(code: int, message: str) -> ApiError:
    """The error of this code in other words than the catalogue's."""
    return ApiError(catalogue()[code].status, code, message)


# Requests --------------------------------------------------------------------------------------------------


def bad_request(message: str = "Bad Request") -> ApiError:
    return ApiError(400, 20001, message)


def missing_parameter(name: str) -> ApiError:
    return bad_request(f"Missing required parameter {name} in the post body")


def missing_query_parameter(name: str) -> ApiError:
    return bad_request(f"Missing required parameter {name} in the query string")


def invalid_parameter(name: str, reason: str = "") -> ApiError:
    return bad_request(f"Invalid {name}. {reason}" if reason else f"Invalid {name}.")


def invalid_friendly_name() -> ApiError:
    return of(20002)


def unknown_parameters(*names: str) -> ApiError:
    return bad_request(f"Unknown parameters: {', '.join(names)}")


def page_size_too_large() -> ApiError:
    return of(20007)


def invalid_page_size() -> ApiError:
    return invalid_parameter("PageSize")


def invalid_page_token() -> ApiError:
    return of(21481)


def body_too_large() -> ApiError:
    return of(20413)


def invalid_sid() -> ApiError:
    return of(20423)


# Callers ---------------------------------------------------------------------------------------------------


def authenticate() -> ApiError:
    return of(20003)


def no_credentials() -> ApiError:
    return worded(20003, "Authentication Error - No credentials provided")


def invalid_username() -> ApiError:
    return worded(20003, "Authentication Error - invalid username")


def permission_denied() -> ApiError:
    """A known caller without the right: a standard key on Keys, a restricted key outside its policy."""
    return ApiError(403, 20003, title(20003))


def account_not_active() -> ApiError:
    return of(20005)


def access_denied() -> ApiError:
    return of(20006)


def test_credentials() -> ApiError:
    return of(20008)


def action_disabled() -> ApiError:
    return of(20010)


def forbidden() -> ApiError:
    return worded(20403, "Forbidden")


def invalid_access_token() -> ApiError:
    return of(20101)


def access_token_expired() -> ApiError:
    return of(20104)


def upgrade_required() -> ApiError:
    return of(20426)


# Resources -------------------------------------------------------------------------------------------------


def not_found(path: str, hint: str = "") -> ApiError:
    """Names the path: whole in the 2010 API, without its version elsewhere, never with a query."""
    shown = _VERSION.sub("", path.partition("?")[0], count=1)
    error = of(20404, path=shown)
    return worded(20404, f"{error.message}. {hint}") if hint else error


def method_not_allowed() -> ApiError:
    return of(20004)


def delete_before_complete() -> ApiError:
    return of(20009)


def conflict(message: str = "") -> ApiError:
    return worded(20409, message or title(20409))


def update_in_progress() -> ApiError:
    return of(20162)


def gone() -> ApiError:
    return of(20410)


def precondition_failed() -> ApiError:
    """`If-Match` named another version; Sync has codes of its own for it (54103, 54155, 54205)."""
    return ApiError(412, 20412, "Precondition Failed")


def too_many_requests() -> ApiError:
    return of(20429)


def internal_server_error() -> ApiError:
    return of(20500)


def service_unavailable() -> ApiError:
    return of(20503)


# Accounts --------------------------------------------------------------------------------------------------


def subaccount_of_subaccount() -> ApiError:
    return of(21101)


def invalid_account_sid() -> ApiError:
    return of(21470)


def account_does_not_exist() -> ApiError:
    return of(21471)


def other_account_not_active() -> ApiError:
    return of(21472)


def transfer_to_unrelated_account() -> ApiError:
    return of(21473)


def transfer_needs_parent() -> ApiError:
    return of(21474)


def invalid_account_status() -> ApiError:
    return of(21475)


def parent_account_suspended() -> ApiError:
    return of(21476)


def parent_account_status_fixed() -> ApiError:
    return of(21477)


def subaccount_suspended_by_operator() -> ApiError:
    return of(21478)


def subaccount_closed() -> ApiError:
    return of(21479)


def too_many_subaccounts() -> ApiError:
    return of(21480)


# API keys --------------------------------------------------------------------------------------------------


def constraint_violations() -> ApiError:
    """What the IAM API says of a value that is too long or too many, without naming it."""
    return of(70001)


def invalid_iam_request(message: str) -> ApiError:
    return worded(70002, message)


def missing_permission(permission: str) -> ApiError:
    """What a restricted key is told outside its policy; it names `/twilio/messaging/messages/list`."""
    return of(70051, permission=permission.removeprefix("/"))


# Numbers, applications, caller ids -------------------------------------------------------------------------


def application_limit_reached() -> ApiError:
    return of(21301)


def invalid_phone_number(number: str) -> ApiError:
    return worded(21401, f"{number} is not a valid phone number")


def invalid_url(parameter: str, url: str) -> ApiError:
    return worded(21402, f"{parameter} is not a valid URL: {url}")


def invalid_method(parameter: str, method: str) -> ApiError:
    return worded(21403, f"{parameter} is not a valid HTTP method: {method}")


def trial_number_limit() -> ApiError:
    return of(21404)


def voice_fallback_without_url() -> ApiError:
    return of(21405)


def sms_fallback_without_url() -> ApiError:
    return of(21406)


def number_without_sms() -> ApiError:
    return of(21407)


def caller_id_lookup_unavailable() -> ApiError:
    return of(21409)


def application_not_accessible() -> ApiError:
    return of(21420)


def phone_number_invalid(number: str) -> ApiError:
    return of(21421, number=number)


def phone_number_unavailable(number: str) -> ApiError:
    return of(21422, number=number)


def already_usable_caller_id() -> ApiError:
    return of(21449)


def caller_id_already_verified() -> ApiError:
    return of(21450)


def invalid_area_code() -> ApiError:
    return of(21451)


def no_numbers_in_area_code(area_code: str) -> ApiError:
    return of(21452, area_code=area_code)


def caller_id_of_another_account() -> ApiError:
    return of(21453)


def invalid_call_delay() -> ApiError:
    return of(21454)


def area_code_not_supported() -> ApiError:
    return of(21457)


def local_address_required() -> ApiError:
    return of(21615)


def address_required() -> ApiError:
    return of(21631)


def bundle_required() -> ApiError:
    return of(21649)


def address_validation_failed() -> ApiError:
    return of(21628)


def address_in_use() -> ApiError:
    return of(21630)


# Calls -----------------------------------------------------------------------------------------------------


def no_called_number() -> ApiError:
    return of(21201)


def call_url_required() -> ApiError:
    return worded(21205, "Url parameter is required.")


def invalid_call_url(url: str) -> ApiError:
    return of(21205, url=url)


def invalid_call_method() -> ApiError:
    return of(21209)


def caller_not_verified(from_: str) -> ApiError:
    return of(21210, from_=from_)


def invalid_called_number(to: str) -> ApiError:
    return of(21211, to=to)


def invalid_caller_id(from_: str) -> ApiError:
    return worded(21212, f"Invalid From Number (caller ID): {from_}")


def caller_required() -> ApiError:
    return of(21213)


def called_number_unreachable(to: str) -> ApiError:
    return of(21214, to=to)


def call_not_permitted(to: str) -> ApiError:
    """Geographic permissions (21215)."""
    return of(21215, to=to)


def call_blocked(to: str) -> ApiError:
    return of(21216, to=to)


def called_number_not_valid(to: str) -> ApiError:
    return of(21217, to=to)


def invalid_application_sid() -> ApiError:
    return of(21218)


def called_number_not_verified(to: str) -> ApiError:
    return of(21219, to=to)


def call_not_in_progress() -> ApiError:
    return of(21220)


def invalid_send_digits() -> ApiError:
    return of(21206)


def invalid_call_timeout() -> ApiError:
    return of(21208)


def invalid_machine_detection() -> ApiError:
    return of(21234)


def invalid_machine_detection_parameters() -> ApiError:
    return of(21263)


def call_queue_full() -> ApiError:
    return of(22005)


def twiml_too_large() -> ApiError:
    return of(32018)


# Messages --------------------------------------------------------------------------------------------------


def invalid_to(to: str) -> ApiError:
    """What messaging answers; calls answer `invalid_called_number`."""
    return worded(21211, f"Invalid 'To' Phone Number: {_masked(to)}")


def invalid_from(from_: str) -> ApiError:
    return of(21212, from_=from_)


def to_is_short_code() -> ApiError:
    return of(21265)


def same_to_and_from(to: str) -> ApiError:
    return of(21266, to=_masked(to))


def alphanumeric_sender_on_trial() -> ApiError:
    return of(21267)


def premium_number() -> ApiError:
    return of(21268)


def region_not_permitted(to: str) -> ApiError:
    """Geographic permissions (21408)."""
    return of(21408, to=to)


def not_an_sms_number() -> ApiError:
    return of(21601)


def body_required() -> ApiError:
    return of(21602)


def from_required() -> ApiError:
    return of(21603)


def to_required() -> ApiError:
    return of(21604)


def from_not_message_capable(from_: str) -> ApiError:
    return of(21606, from_=from_)


def to_not_verified(to: str) -> ApiError:
    return of(21608, to=to)


def invalid_status_callback(url: str) -> ApiError:
    return of(21609, url=url)


def opted_out(to: str = "") -> ApiError:
    """`to` is for the reader of the call: Twilio's text does not name it."""
    return of(21610, to=to)


def queue_full() -> ApiError:
    return of(21611)


def unreachable(to: str, from_: str, via: Literal["SMS", "MMS"] = "SMS") -> ApiError:
    return of(21612, to=to, from_=from_, via=via)


def not_a_mobile_number(to: str) -> ApiError:
    return of(21614, to=to)


def body_too_long() -> ApiError:
    return of(21617)


def content_required() -> ApiError:
    """No body, no media, no content template."""
    return of(21619)


def invalid_media_url(url: str) -> ApiError:
    return of(21620, url=url)


def from_not_mms_capable() -> ApiError:
    return of(21621)


def mms_not_enabled() -> ApiError:
    return of(21622)


def invalid_content_retention() -> ApiError:
    return of(30029)


def invalid_address_retention() -> ApiError:
    return of(30030)


def too_many_media() -> ApiError:
    return of(21623)


def invalid_validity_period(value: object) -> ApiError:
    return of(21624, value=value)


def invalid_status_callback_event() -> ApiError:
    return of(21626)


def invalid_max_price() -> ApiError:
    return of(21627)


def content_sid_required() -> ApiError:
    return of(21654)


def invalid_content_sid() -> ApiError:
    return of(21655)


def invalid_content_variables() -> ApiError:
    return of(21656)


def from_not_owned(from_: str) -> ApiError:
    return of(21659, from_=from_)


def from_of_another_account(from_: str, account_sid: str) -> ApiError:
    return of(21660, from_=from_, account_sid=account_sid)


def from_not_sms_capable(from_: str) -> ApiError:
    return of(21661, from_=from_)


def messaging_service_not_found() -> ApiError:
    return of(21701)


def messaging_service_unavailable() -> ApiError:
    return of(21702)


def messaging_service_without_capable_number() -> ApiError:
    return of(21703)


def messaging_service_without_numbers() -> ApiError:
    return of(21704)


def alpha_sender_missing() -> ApiError:
    return of(21708)


def alpha_sender_not_authorized() -> ApiError:
    return of(21709)


def already_in_messaging_service() -> ApiError:
    return of(21710)


def sender_not_in_messaging_service() -> ApiError:
    return of(21711)


def in_another_messaging_service() -> ApiError:
    return of(21712)


def messaging_service_use_case_invalid() -> ApiError:
    return of(21713)


def messaging_service_pool_full() -> ApiError:
    return of(21714)


def not_capable_for_messaging_service() -> ApiError:
    return of(21715)


def channel_mismatch() -> ApiError:
    return of(21910)


def message_cannot_be_canceled() -> ApiError:
    return of(30409)


def message_body_can_only_be_redacted() -> ApiError:
    return invalid_parameter("Body", "A message's body can only be emptied.")


def send_at_required() -> ApiError:
    return of(35111)


def send_at_too_soon() -> ApiError:
    return of(35114)


def send_at_too_late() -> ApiError:
    return of(35115)


def send_at_invalid() -> ApiError:
    return of(35117)


def scheduling_needs_messaging_service() -> ApiError:
    return of(35118)


def too_many_scheduled() -> ApiError:
    return of(35125)


def invalid_schedule_type() -> ApiError:
    return of(35126)


def channel_not_found() -> ApiError:
    return of(63007)


def channel_same_to_and_from() -> ApiError:
    return of(63031)


# Verify ----------------------------------------------------------------------------------------------------


def invalid_verify_parameter(name: str, value: object) -> ApiError:
    return of(60200, name=name, value=value)


def max_check_attempts() -> ApiError:
    return of(60202)


def max_send_attempts() -> ApiError:
    return of(60203)


def _masked(number: str) -> str:
    return number[:-4] + "XXXX"
