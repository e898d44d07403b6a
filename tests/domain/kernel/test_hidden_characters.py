"""Characters that nobody sees are found by name and place; the joiners of Hindi are none of them."""

import unicodedata

import pytest

from domain.kernel import (
    ErrorCode,
    Problems,
    hidden_character,
    hidden_character_problem,
    is_plain_line,
    short_word,
    without_hidden_characters,
    written_text,
)

BY_UNICODE = [
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *range(0x2060, 0x2065),
    *(0x61C, 0x200B, 0x200E, 0x200F, 0xFEFF),
]


@pytest.mark.parametrize("point", BY_UNICODE)
def test_every_mark_of_direction_and_zero_width_is_found_and_named(point: int):
    found = hidden_character(f"Neg{chr(point)}i")

    assert found is not None
    assert (found.name, found.place) == (f"U+{point:04X}", 4)
    assert not is_plain_line(chr(point))


def test_no_letter_and_no_space_is_among_them():
    visible = [chr(point) for point in range(0x110000) if unicodedata.category(chr(point))[0] in "LMNPSZ"]

    assert hidden_character("".join(visible)) is None


@pytest.mark.parametrize("joined", ["क्\u200dष", "रु\u200cपये", "श्री\u200dमती"])
def test_the_joiners_of_hindi_stay(joined: str):
    assert hidden_character(joined) is None
    assert is_plain_line(joined)
    assert without_hidden_characters(joined) == joined


def test_the_problem_tells_place_and_character_and_nothing_of_the_text():
    problem = hidden_character_problem("Bachan \u202e000,09\u202c", "input", "form", "father_name")

    assert problem is not None
    assert (problem.code, problem.path) == (ErrorCode.TEXT_HIDDEN_CHARACTER, ("input", "form", "father_name"))
    assert dict(problem.params) == {"place": "8", "character": "U+202E"}


@pytest.mark.parametrize("check", [written_text, short_word])
def test_what_people_write_is_refused_with_one(check):
    with pytest.raises(Problems) as refusal:
        check("why\u200b", "input", "reason", longest=100)

    assert (refusal.value.code, refusal.value.problem.path) == (
        ErrorCode.TEXT_HIDDEN_CHARACTER,
        ("input", "reason"),
    )


def test_a_partners_text_is_cleaned_of_them():
    assert without_hidden_characters("\ufeffAsha \u202eNegi\u2069") == "Asha Negi"
