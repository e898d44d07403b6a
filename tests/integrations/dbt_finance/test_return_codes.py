"""The table of return codes: complete, in both languages, and found by code or by the bank's words."""

import pytest

from integrations.dbt_finance import RETURN_REASONS, code_of_reason, return_reason
from sandbox.dbt_finance.bills import APBS_TEXTS

CONTRACT = {
    *("00", "01", "02", "03", "51", "52", "53", "54", "55", "56", "57"),
    *("58", "60", "62", "64", "68", "69", "71", "80", "95", "96"),
}


def test_every_code_of_the_contract_is_there_in_hindi_and_english_with_what_to_do():
    assert set(RETURN_REASONS) >= CONTRACT
    for row in RETURN_REASONS.values():
        assert row.reason.hi and row.reason.en and row.action.hi and row.action.en  # noqa: PT018
        assert any("\u0900" <= letter <= "\u097f" for letter in row.reason.hi + row.action.hi)


def test_a_code_that_nobody_knows_still_has_a_text():
    assert return_reason("77").code == "UNKNOWN"


@pytest.mark.parametrize(("code", "text"), APBS_TEXTS.items())
def test_a_reason_is_known_by_its_leading_code_and_by_its_words(code: str, text: str):
    assert code_of_reason(f"{code} - {text}") == code
    assert code_of_reason(text) == code


@pytest.mark.parametrize("text", ["", "something else", "2026 was a year", "99 - no idea"])
def test_other_texts_are_unknown(text: str):
    assert code_of_reason(text) == "UNKNOWN"


def test_an_unclaimed_account_is_known_without_a_number():
    assert code_of_reason("Unclaimed/DEAF account") == "DEAF"
