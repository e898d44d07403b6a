"""Reference numbers: every typing error that people make is named as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.seed.plan import seeded_sanction_number
from domain.benefits.bills import bill_number, end_to_end_id
from domain.kernel import LENGTH, MistypedNumber, NumberKind, make_number, parse_number, show_number
from tests.support.digits import devanagari_digits

ten_digits = st.text("0123456789", min_size=10, max_size=10)
kinds = st.sampled_from(NumberKind)


@given(kinds, st.integers(2000, 2099), ten_digits)
def test_a_number_is_read_back_however_it_is_written(kind: NumberKind, year: int, digits: str):
    number = make_number(kind, year, digits)
    assert len(number) == LENGTH
    for written in (
        number,
        show_number(number),
        devanagari_digits(number),
        f" {show_number(number)} ",
        "-".join(number),
    ):
        assert parse_number(written, kind) == number
        assert parse_number(written) == number


@given(kinds, ten_digits, st.data())
def test_every_single_wrong_digit_is_a_typing_error(kind: NumberKind, digits: str, data: st.DataObject):
    number = make_number(kind, 2026, digits)
    for place in range(LENGTH):
        wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
        with pytest.raises(MistypedNumber):
            parse_number(number[:place] + wrong + number[place + 1 :])


def test_all_single_errors_and_all_swaps_of_one_number_are_found():
    number = make_number(NumberKind.APPLICATION, 2026, "4081992357")
    errors = [
        number[:place] + digit + number[place + 1 :]
        for place in range(LENGTH)
        for digit in "0123456789"
        if digit != number[place]
    ]
    swaps = [
        number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        for place in range(LENGTH - 1)
        if number[place] != number[place + 1]
    ]
    assert len(errors) == 9 * LENGTH
    assert swaps
    for text in errors + swaps:
        with pytest.raises(MistypedNumber):
            parse_number(text)


@given(kinds, ten_digits)
def test_two_neighbours_swapped_are_a_typing_error(kind: NumberKind, digits: str):
    number = make_number(kind, 2026, digits)
    for place in range(LENGTH - 1):
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        if swapped != number:
            with pytest.raises(MistypedNumber):
                parse_number(swapped)


@pytest.mark.parametrize("text", ["", "1", "1" * 13, "1" * 15, "abcdefghijklmn", "१२३", "²" * 14, "١" * 14])
def test_what_is_no_number_at_all_is_a_typing_error(text: str):
    with pytest.raises(MistypedNumber):
        parse_number(text)


def test_a_number_of_another_kind_is_a_typing_error():
    number = make_number(NumberKind.CERTIFICATE, 2026, "0123456789")
    with pytest.raises(MistypedNumber):
        parse_number(number, NumberKind.APPLICATION)


@pytest.mark.parametrize("digits", ["", "123", "12345678901", "12345678x0"])
def test_a_number_is_made_of_ten_digits_only(digits: str):
    with pytest.raises(ValueError, match="ten random digits"):
        make_number(NumberKind.APPLICATION, 2026, digits)


def test_bills_follow_from_the_sanction_and_are_never_the_same_twice():
    one, other = seeded_sanction_number("a", "s"), seeded_sanction_number("b", "s")
    bills = [bill_number(number, sequence) for number in (one, other) for sequence in range(1, 30)]
    assert len(set(bills)) == len(bills)
    assert parse_number(one, NumberKind.PAYMENT) == one == seeded_sanction_number("a", "s")
    assert end_to_end_id(one, 1) != bill_number(one, 1)
    for sequence in (0, 1000):
        with pytest.raises(ValueError, match="sequence"):
            bill_number(one, sequence)
