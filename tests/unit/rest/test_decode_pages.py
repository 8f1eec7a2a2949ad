"""Which page of a list is asked for."""

from __future__ import annotations

import pytest

from localloop import contract
from localloop.contract import Operation
from localloop.core.errors import ApiError
from localloop.rest.decode import Decoder, make_token, page_request, read_token
from localloop.rest.request import PageRequest

SID = "SM" + "0123456789abcdef" * 2


def page(query: str, operation_id: str = "api.v2010.ListMessage") -> PageRequest:
    api, _, _, operation = contract.load().operation(operation_id)
    return page_request(operation, api.style, Decoder(operation)(query.encode(), "", b""))


def refused(query: str, operation_id: str = "api.v2010.ListMessage") -> tuple[int, int, str]:
    with pytest.raises(ApiError) as error:
        page(query, operation_id)
    return error.value.status, error.value.code, error.value.message


def test_defaults_come_from_the_contract() -> None:
    assert page("") == PageRequest(size=50)
    assert (
        page("", "intelligence.v2.ListTranscript").size
        == operation("intelligence.v2.ListTranscript").default_page_size
    )


def operation(operation_id: str) -> Operation:
    return contract.load().operation(operation_id)[3]


def test_a_page_is_size_number_and_cursor() -> None:
    assert page(f"PageSize=20&Page=3&PageToken=PA{SID}") == PageRequest(size=20, number=3, after=SID)
    assert page(f"PageToken=PB{SID}") == PageRequest(size=50, before=SID)
    assert page(f"pageSize=7&pageToken=PA{SID}") == PageRequest(size=7, after=SID)


@pytest.mark.parametrize("size", ["0", "-1", "abc", "1.5", "00", "٣"])
def test_a_page_has_a_size(size: str) -> None:
    assert refused(f"PageSize={size}") == (400, 20001, "Invalid PageSize.")


def test_the_2010_api_gives_as_many_as_it_may() -> None:
    assert page("PageSize=5000").size == 1000
    assert page("PageSize=99999999999999999999").size == 1000


def test_the_products_give_what_an_sdk_asks_for_and_refuse_more() -> None:
    listing = "conversations.v1.ListConversation"
    assert operation(listing).max_page_size < 1000

    assert page("PageSize=1000", listing).size == operation(listing).max_page_size
    assert refused("PageSize=1001", listing) == (400, 20007, "Page size too large")


@pytest.mark.parametrize("number", ["-1", "x", "99999999999"])
def test_a_page_number_counts_from_zero(number: str) -> None:
    assert refused(f"Page={number}") == (400, 20001, "Invalid Page.")


def test_taskrouter_has_no_absolute_pages() -> None:
    listing = "taskrouter.v1.ListWorkspace"

    assert refused("Page=2", listing)[:2] == (400, 40153)
    assert page(f"Page=2&PageToken=PA{SID}", listing).number == 2
    assert page("Page=0", listing).number == 0


@pytest.mark.parametrize("cursor", [SID, "unique_name-1", "with space/ü", "~x", "+15558675310", "a" * 300])
def test_tokens_carry_any_cursor_through_a_url(cursor: str) -> None:
    token = make_token("before", cursor)

    assert read_token(token) == ("before", cursor)
    assert page(f"PageToken={token}").before == cursor
    assert make_token("after", SID) == f"PA{SID}"


@pytest.mark.parametrize(
    "token", ["x", "PA", f"PC{SID}", SID, "PA~", "PA~%2B", "PA~____", "PAa b", "PA~AA", "PA~ü"]
)
def test_another_token_is_refused(token: str) -> None:
    assert refused(f"PageToken={token}") == (400, 21481, "Invalid PageToken")
