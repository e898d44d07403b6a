"""Registered texts: parts of an SMS, how they are filled, and each rule of operators that is found broken."""

import pytest

from domain.feedback.message_texts import (
    EventTexts,
    RegisteredText,
    UnfitText,
    Variable,
    is_unicode,
    parts_of,
    problems_of,
)
from domain.kernel import Language

NUMBER = Variable("alphanumeric", 24, ("values", "number"))
ID = "1307160000000000001"
BOTH = (Language.HI, Language.EN)


def text(words: str, template: str = ID, **variables: Variable) -> RegisteredText:
    return RegisteredText(template, words, {"number": NUMBER, **variables})


def _with_tags(one: RegisteredText) -> str:
    shown = one.text
    for name, variable in one.variables.items():
        shown = shown.replace(f"{{{name}}}", f"{{#{variable.tag}#}}")
    return shown


def found(one: RegisteredText, *, third: str | None = None, registered: str | None = None) -> list[str]:
    register = {one.template: registered or _with_tags(one)}
    return [each.partition(": ")[2] for each in problems_of(EventTexts("X", {Language.HI: one}, third), (), register)]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("{" * 80, 1),
        ("{" * 81, 2),
        ("क" * 70, 1),
        ("क" * 71, 2),
        ("क" * 134, 2),
        ("क" * 135, 3),
        ("a" * 70 + "₹", 2),
    ],
)
def test_parts_are_counted_as_operators_count_them(words, parts):
    assert parts_of(words) == parts


def test_one_character_outside_of_the_gsm_alphabet_makes_a_text_unicode():
    assert (is_unicode("Rs. 20"), is_unicode("₹ 20")) == (False, True)


def test_a_text_is_filled_and_its_registered_form_has_tags():
    one = text("Application {number} is approved.")

    assert one.fill({"number": "UKAS 12345"}) == "Application UKAS 12345 is approved."
    assert one.registered == "Application {#alphanumeric#} is approved."


@pytest.mark.parametrize("value", ["", "9" * 25])
def test_a_value_that_is_missing_or_longer_than_registered_fills_nothing(value):
    with pytest.raises(UnfitText):
        text("Application {number}.").fill({"number": value})


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (text("{number} a {number} b {number}"), "more than 2 variables"),
        (text("{number}: {number} a"), "variables without a word between them"),
        (text("a {name}"), "no variable name"),
        (text("a {number}", "123"), "the template id has neither 12 nor 19 digits"),
        (text("a {x}", x=Variable("var", 9, ())), "a tag that operators do not take"),
        (text("a {x}", x=Variable("numeric", 41, ())), "a variable longer than 40"),
        (text("क" * 202), "more than 3 parts"),
    ],
)
def test_what_operators_refuse_is_found(one, problem):
    assert found(one) == [problem]


def test_a_third_variable_needs_a_reason():
    assert found(text("{number} a {number} b {number}"), third="The law wants both dates.") == []


def test_a_text_that_differs_from_the_registered_one_by_a_byte_is_found():
    assert found(text("a {number}"), registered="a  {#alphanumeric#}") == ["not the registered text"]


def test_a_missing_language_is_found():
    one = text("a {number}")

    assert problems_of(EventTexts("X", {Language.EN: one}), BOTH, {ID: one.registered}) == ["X: no text in hi"]


def test_english_keeps_to_the_gsm_alphabet():
    one = text("₹ {number}")
    problems = problems_of(EventTexts("X", {Language.EN: one}), (), {ID: one.registered})

    assert problems == ["X.en: a character outside of the GSM alphabet"]
