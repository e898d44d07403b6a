"""The table of error codes is whole and its columns agree with one another."""

import pytest

from domain.kernel import ErrorCode, Language, Remedy, Retry
from domain.kernel.errors import ErrorType
from domain.kernel.messages import catalogue
from integrations.umang.door_answers import TEXTS


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_is_called_by_its_name_and_found_by_it(code: ErrorCode):
    assert code.value == code.name == str(code)
    assert ErrorCode(code.value) is code


@pytest.mark.parametrize("code", ErrorCode)
def test_every_column_of_a_row_holds_a_value_of_its_kind(code: ErrorCode):
    assert (type(code.type), type(code.retry), type(code.remedy)) == (ErrorType, Retry, Remedy)
    assert code.umang in TEXTS


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
def test_the_catalogue_has_a_text_for_each_code_and_none_for_another(language: Language):
    texts = {key for key in catalogue(language) if key.startswith("error.")}

    assert texts == {f"error.{code}" for code in ErrorCode}


def test_what_is_sent_again_later_needs_no_change_by_the_person():
    assert {code.remedy for code in ErrorCode if code.retry is Retry.LATER} == {Remedy.RETRY_LATER}
    assert {code for code in ErrorCode if code.remedy is Remedy.RETRY_LATER and code.retry is not Retry.LATER} == set()
