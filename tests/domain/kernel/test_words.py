"""Masks, identifiers, texts, money: small functions that many places rely on."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import verhoeff

from domain.kernel import (
    LARGEST_PAISE,
    Bilingual,
    Language,
    MalformedGlobalId,
    ManualClock,
    SeededIds,
    SystemIds,
    TypeCode,
    from_global_id,
    holds_aadhaar,
    language_from_header,
    latin_digits,
    mask_aadhaar_in,
    mask_account,
    mask_mobile,
    paise_from_rupees,
    rupees,
    to_global_id,
)
from tests.support.digits import devanagari_digits

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


@pytest.mark.parametrize("digits", ["०१२३४५६७८९", "௦௧௨௩௪௫௬௭௮௯", "0123456789"])
def test_digits_of_each_script_are_read(digits: str):
    assert latin_digits(digits) == "0123456789"


def synthetic(body: str) -> str:
    return body + verhoeff.calc_check_digit(body)


@given(st.text("0123456789", min_size=7, max_size=7), st.sampled_from(["", " ", "-"]), st.text("ab ,।", max_size=8))
def test_an_aadhaar_number_in_a_text_keeps_its_last_four_digits_only(body: str, gap: str, around: str):
    number = synthetic(f"9999{body}")
    if number == number[::-1]:
        return
    written = gap.join((number[:4], number[4:8], number[8:]))
    masked = mask_aadhaar_in(f"{around}{written}{around}")
    assert masked == f"{around}XXXX XXXX {number[-4:]}{around}"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("1234 2345 6789 0124", "1234 XXXX XXXX 0124"),
        ("2345 6789 0124 2345 6789 0124", "XXXX XXXX 0124 XXXX XXXX 0124"),
        ("२३४५ ६७८९ ०१२४", "XXXX XXXX 0124"),
    ],
)
def test_a_number_is_found_behind_digits_and_in_devanagari(text: str, masked: str):
    assert mask_aadhaar_in(text) == masked


def test_the_last_digits_of_one_and_what_follows_do_not_read_as_another():
    text = "234384695७८९ 0006104४"
    assert not holds_aadhaar(mask_aadhaar_in(text.replace("234384695७८९", synthetic("23438469578")) + " 00061044"))


def test_other_numbers_are_left_as_they_are():
    text = "Receipt 123456789012, account 30000000100, Aadhaar-like 999941057059 with a wrong check digit."
    assert mask_aadhaar_in(text) == text


@pytest.mark.parametrize(("mobile", "masked"), [("9800000078", "98xxxxxx78"), ("123", "xxx"), ("", "")])
def test_a_mobile_shows_its_ends_only(mobile: str, masked: str):
    assert mask_mobile(mobile) == masked


@given(st.text("0123456789", min_size=5, max_size=18))
def test_an_account_shows_its_last_four_digits_only(account: str):
    masked = mask_account(account)
    assert len(masked) == len(account)
    assert masked[-4:] == account[-4:]
    assert set(masked[:-4]) <= {"x"}


@given(st.sampled_from(TypeCode), st.uuids())
def test_a_global_id_is_read_back_and_shows_neither_type_nor_key(code: TypeCode, key: uuid.UUID):
    text = to_global_id(code, str(key))
    assert from_global_id(text) == (code, str(key))
    assert str(key) not in text


@pytest.mark.parametrize(
    "text",
    ["", "!", "QVA6", to_global_id(TypeCode.CITIZEN, "not-a-uuid"), "WFg6" + "A" * 20, "é" * 8, "QVA6" * 40],
)
def test_what_is_no_global_id_is_told_as_such(text: str):
    with pytest.raises(MalformedGlobalId):
        from_global_id(text)


@given(st.text("0123456789 -", max_size=20))
def test_digits_go_to_devanagari_and_back(text: str):
    assert latin_digits(devanagari_digits(text)) == text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.HI),
        ("", Language.HI),
        ("en", Language.EN),
        ("en-IN,hi;q=0.8", Language.EN),
        ("fr, en;q=0.5", Language.EN),
        ("hi;q=0.2, en;q=0.9", Language.EN),
        ("en;q=0", Language.HI),
        ("gbm", Language.GBM),
        ("en;q=broken, hi", Language.HI),
        ("*", Language.HI),
    ],
)
def test_the_first_language_that_we_have_is_taken(header: str | None, language: Language):
    assert language_from_header(header) is language


def test_a_missing_text_falls_back_to_the_other_language():
    assert Bilingual(None, "Moneylender").in_language(Language.HI) == "Moneylender"
    assert Bilingual("आय", "").in_language(Language.EN) == "आय"
    assert Bilingual("आय", "Income").in_language(Language.KFY) == "आय"


@given(st.integers(-LARGEST_PAISE, LARGEST_PAISE))
def test_money_is_written_and_read_without_loss(paise: int):
    assert paise_from_rupees(rupees(paise)) == paise


@pytest.mark.parametrize("text", ["1.001", "NaN", "Infinity", "1e20"])
def test_amounts_that_are_no_whole_paise_are_refused(text: str):
    with pytest.raises(ValueError, match="rupees"):
        paise_from_rupees(text)


@pytest.mark.parametrize("make", [SystemIds, lambda clock: SeededIds(clock, "seed")])
def test_keys_are_version_7_and_sort_by_time(make: type[SystemIds]):
    clock = ManualClock(NOW)
    ids = make(clock)
    keys = []
    for _ in range(20):
        keys.append(ids.key())
        clock.advance(timedelta(milliseconds=1))
    assert {uuid.UUID(key).version for key in keys} == {7}
    assert keys == sorted(keys)
    assert all(len(ids.digits(10)) == 10 and ids.digits(10).isdigit() for _ in range(20))


def test_seeded_identifiers_repeat_and_a_clock_needs_a_zone():
    one, other = (SeededIds(ManualClock(NOW), "same") for _ in range(2))
    assert [one.key(), one.digits(5), one.token()] == [other.key(), other.digits(5), other.token()]
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
