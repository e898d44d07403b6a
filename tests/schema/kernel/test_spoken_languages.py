"""The languages that may be asked for in the graph are those of the state that is installed."""

from typing import Any, cast

import pytest

from domain.kernel import Language, LanguageNotSpoken
from schema.kernel.context import field_language

NO_INFO = cast("Any", None)
"""Nothing of the request is looked at where the field names a language."""


def test_a_language_of_another_state_is_refused_with_a_code():
    with pytest.raises(LanguageNotSpoken) as refused:
        field_language(NO_INFO, Language.TA)

    assert [one.code for one in refused.value.problems] == ["LANGUAGE_NOT_SPOKEN"]


@pytest.mark.parametrize("language", [Language.HI, Language.EN, Language.GBM, Language.KFY])
def test_the_states_language_its_dialects_and_english_are_answered(language: Language):
    assert field_language(NO_INFO, language) is language
