"""Parts and encodings, with the vectors of 3GPP TS 23.038 and of Twilio's documentation."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localloop.core.segments import GSM_BASIC, GSM_EXTENSION, Segments, count, is_gsm, smart_encode

FAMILY = "👨‍👩‍👧‍👦"  # 11 UTF-16 units


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", Segments("GSM-7", 1, 0)),
        ("a" * 160, Segments("GSM-7", 1, 160)),
        ("a" * 161, Segments("GSM-7", 2, 161)),
        ("a" * 306, Segments("GSM-7", 2, 306)),
        ("a" * 307, Segments("GSM-7", 3, 307)),
        ("é" * 160, Segments("GSM-7", 1, 160)),
        ("€" * 80, Segments("GSM-7", 1, 160)),
        ("€" * 81, Segments("GSM-7", 2, 162)),
        ("^" + "a" * 158, Segments("GSM-7", 1, 160)),
        ("^" + "a" * 159, Segments("GSM-7", 2, 161)),
        ("a" * 159 + "ç", Segments("UCS-2", 3, 160)),
        ("`", Segments("UCS-2", 1, 1)),
        ("\t", Segments("UCS-2", 1, 1)),
        ("漢" * 70, Segments("UCS-2", 1, 70)),
        ("漢" * 71, Segments("UCS-2", 2, 71)),
        ("漢" * 134, Segments("UCS-2", 2, 134)),
        ("漢" * 135, Segments("UCS-2", 3, 135)),
        ("😜" + "2" * 68, Segments("UCS-2", 1, 70)),
        ("😜" + "2" * 69, Segments("UCS-2", 2, 71)),
        ("😜" + "2" * 132, Segments("UCS-2", 2, 134)),
        ("😜" + "2" * 133, Segments("UCS-2", 3, 135)),
        ("🇮🇹" + "2" * 66, Segments("UCS-2", 1, 70)),
        (FAMILY, Segments("UCS-2", 1, 11)),
    ],
)
def test_documented_vectors(body: str, expected: Segments) -> None:
    assert count(body) == expected


def test_an_escaped_character_is_not_split() -> None:
    # 152 + 2 + 152 would fill two parts of 153 exactly, but the pair moves whole into the second.
    assert count("a" * 152 + "€" + "a" * 152) == Segments("GSM-7", 3, 306)
    assert count("a" * 151 + "€" + "a" * 153) == Segments("GSM-7", 2, 306)


def test_a_surrogate_pair_is_not_split() -> None:
    assert count("漢" * 66 + "😜" + "漢" * 66) == Segments("UCS-2", 3, 134)
    assert count("漢" * 65 + "😜" + "漢" * 67) == Segments("UCS-2", 2, 134)


def test_waste_at_one_boundary_moves_the_next() -> None:
    # Parts of 67: 33 emoji fit in each, one unit is lost at every boundary.
    assert count("😜" * 99) == Segments("UCS-2", 3, 198)
    assert count("😜" * 100) == Segments("UCS-2", 4, 200)
    # 76 escaped characters fit in a part of 153.
    assert count("€" * 152) == Segments("GSM-7", 2, 304)
    assert count("€" * 153) == Segments("GSM-7", 3, 306)


@pytest.mark.parametrize("character", [chr(code) for code in range(128)])
def test_ascii_shortcut_agrees_with_the_tables(character: str) -> None:
    expected = "GSM-7" if character in GSM_BASIC + GSM_EXTENSION else "UCS-2"
    found = count(character)
    assert found.encoding == expected
    assert found.units == (2 if character in GSM_EXTENSION else 1)


def test_the_alphabet_is_complete() -> None:
    assert len(set(GSM_BASIC)) == 127  # 128 places, one of them the escape
    assert len(set(GSM_EXTENSION)) == 10


def _packed_one_by_one(sizes: list[int], single: int, part: int) -> int:
    """The specification, spelled out."""
    if sum(sizes) <= single:
        return 1
    parts, free = 1, part
    for size in sizes:
        if size > free:
            parts, free = parts + 1, part
        free -= size
    return parts


@settings(derandomize=True, database=None, max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab€^é\n"), max_size=700))
def test_gsm_parts_are_those_of_packing_one_by_one(body: str) -> None:
    sizes = [2 if character in GSM_EXTENSION else 1 for character in body]
    assert count(body) == Segments("GSM-7", _packed_one_by_one(sizes, 160, 153), sum(sizes))


@settings(derandomize=True, database=None, max_examples=300, deadline=None)
@given(st.text(st.sampled_from("a漢😜"), max_size=300).map(lambda body: body + "漢"))
def test_ucs2_parts_are_those_of_packing_one_by_one(body: str) -> None:
    sizes = [2 if character > "\uffff" else 1 for character in body]
    assert count(body) == Segments(
        "UCS-2", _packed_one_by_one(sizes, 70, 67), len(body.encode("utf-16-le")) // 2
    )


@settings(derandomize=True, database=None, max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_text_takes_at_least_its_units(body: str) -> None:
    found = count(body)
    per_part = 153 if found.encoding == "GSM-7" else 67
    assert found.parts == 1 or found.parts >= ceil(found.units / per_part)
    assert (found.encoding == "GSM-7") is is_gsm(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("“Hi” – it’s…", '"Hi" - it\'s...'),
        ("a\u00a0b\u2003c\u200bd", "a b cd"),
        ("½ ＡＢＣ １２３", "1/2 ABC 123"),
        ("`", "'"),
        ("plain [text]", "plain [text]"),
        ("Ça va, Åse? ñ €", "Ça va, Åse? ñ €"),
        ("漢字 😜", "漢字 😜"),
        ("“漢”", '"漢"'),
    ],
)
def test_smart_encoding(body: str, expected: str) -> None:
    assert smart_encode(body) == expected


def test_smart_encoding_saves_parts() -> None:
    body = "It’s " + "a" * 150
    assert count(body).parts == 3
    assert count(smart_encode(body)) == Segments("GSM-7", 1, 155)


@settings(derandomize=True, database=None, max_examples=300, deadline=None)
@given(st.text(max_size=100))
def test_smart_encoding_is_done_once(body: str) -> None:
    encoded = smart_encode(body)
    assert smart_encode(encoded) == encoded
    assert not is_gsm(body) or encoded == body
