"""Automata of numbering plans, against Python's own regular expressions on everything that they accept."""

from __future__ import annotations

import itertools
import re

import pytest
from phonenumbers import SUPPORTED_REGIONS
from phonenumbers.phonemetadata import PhoneMetadata

from localloop.products.numbers.numbering import ANY, Pattern, Selection, plan
from localloop.products.numbers.shuffle import permuted

SMALL = [
    r"[2-9]\d{2}",
    r"1(?:0[1-3]|[2-57-9]\d)|2\d",
    r"(?:12|3[4-6]?)\d{1,2}",
    r"(?:0?1|2)(?:3|4{2})",
    r"1(?:2(?:3|4)|5)?6{0,2}",
]


def words(pattern: str, length: int) -> list[str]:
    return [
        word
        for digits in itertools.product("0123456789", repeat=length)
        if re.fullmatch(pattern, word := "".join(digits))
    ]


@pytest.mark.parametrize("pattern", SMALL)
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_plan_accepts_what_its_pattern_accepts(pattern: str, length: int) -> None:
    root = plan(pattern)
    accepted = words(pattern, length)
    assert root.count(length) == len(accepted)
    selection = Selection(root, (ANY,) * length, None)
    assert sorted(selection.number(index) for index in range(selection.size)) == accepted
    assert all(root.matches(word) for word in accepted)


@pytest.mark.parametrize(
    ("elements", "gaps", "tied_start", "tied_end", "expression"),
    [
        ("12", (), False, False, ".*12.*"),
        ("12", (), True, False, "12.*"),
        ("12", (), False, True, ".*12"),
        ("121", (), False, False, ".*121.*"),
        ("11", (1,), False, False, ".*1.*1.*"),
        ("21", (2,), False, True, ".*21.*"),
        ("1.2", (), False, False, ".*1.2.*"),
    ],
)
def test_a_selection_is_the_numbers_that_contain_the_pattern(
    elements: str, gaps: tuple[int, ...], tied_start: bool, tied_end: bool, expression: str
) -> None:
    digits = [ANY if element == "." else 1 << int(element) for element in elements]
    pattern = Pattern(digits, gaps, tied_start=tied_start, tied_end=tied_end)
    template = (0b0000001110, ANY, ANY, 0b1111100111)
    selection = Selection(plan(r"\d{4}"), template, pattern, "1")
    expected = [word for word in words(r"[1-3]\d\d[0-25-9]", 4) if re.fullmatch(expression, f"1{word}")]
    assert sorted(selection.number(index) for index in range(selection.size)) == expected
    with pytest.raises(IndexError):
        selection.number(selection.size)


def test_equal_states_are_shared() -> None:
    assert plan(r"(?:1|2|3)\d{7}") is plan(r"(?:1|2|3)\d{7}")
    assert plan(r"1\d{3}|2\d{3}").edges[0][0] == 0b110  # one edge for both digits


def test_every_pattern_of_libphonenumber_can_be_read() -> None:
    kinds = ("fixed_line", "mobile", "toll_free", "shared_cost", "voip", "uan")
    read = 0
    for region in sorted(SUPPORTED_REGIONS):
        metadata = PhoneMetadata.metadata_for_region(region)
        for kind in kinds:
            description = getattr(metadata, kind)
            if description is not None and description.national_number_pattern:
                assert plan(description.national_number_pattern).matches(description.example_number)
                read += 1
    assert read > 800


@pytest.mark.parametrize("size", [1, 2, 3, 10, 64, 1000])
def test_the_shuffle_is_a_permutation(size: int) -> None:
    for key in (0, 7):
        assert sorted(permuted(index, size, key) for index in range(size)) == list(range(size))


def test_the_shuffle_shuffles() -> None:
    order = [permuted(index, 1000) for index in range(100)]
    assert len({number // 100 for number in order}) == 10
