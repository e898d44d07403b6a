"""Registered texts: parts of an SMS, how they are filled, and each rule of operators that is found broken."""

import pytest

from domain.feedback.message_texts import (
    Button,
    ButtonKind,
    EventTexts,
    RegisteredText,
    UnfitText,
    Variable,
    is_unicode,
    parts_of,
    problems_of,
)
from domain.feedback.messages import MessageChannel
from domain.kernel import Language
from domain.kernel.messages import portal_name

NUMBER = Variable("alphanumeric", 24, ("values", "number"))
APPROVED = "APPROVED"
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
    problems = problems_of(EventTexts(APPROVED, {Language.HI: one}, third), (), register)
    return [each.partition(": ")[2] for each in problems if each.startswith("APPROVED.hi: ")]


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

    assert "APPROVED: no text in hi" in problems_of(
        EventTexts(APPROVED, {Language.EN: one}), BOTH, {ID: one.registered}
    )


def test_english_keeps_to_the_gsm_alphabet():
    one = text("₹ {number}")
    problems = problems_of(EventTexts(APPROVED, {Language.EN: one}), (), {ID: one.registered})

    assert "APPROVED.en: a character outside of the GSM alphabet" in problems


SMS = RegisteredText(ID, "Application {number} is approved.", {"number": NUMBER})


def event(own: RegisteredText | None = None, channel: MessageChannel = MessageChannel.WHATSAPP, name: str = APPROVED):
    return EventTexts(name, {Language.EN: SMS}, others={channel: {Language.EN: own}} if own else {})


def own(words: str = "", title: str = "", template: str = "", *buttons: Button) -> RegisteredText:
    return RegisteredText(template, words, {"number": NUMBER}, title, buttons)


def found_on(one: EventTexts) -> list[str]:
    return [each.partition(": ")[2] for each in problems_of(one, (), {ID: SMS.registered})]


def test_whatsapp_takes_the_words_of_the_sms_under_a_template_of_its_own_with_its_variables_in_order():
    text = event().text_for(MessageChannel.WHATSAPP, Language.EN)

    assert text is not None
    filled = text.fill_all({"number": "UKAS 1"})
    assert (filled.template, filled.text) == ("apk_approved_v1", "Application UKAS 1 is approved.")
    assert filled.parameters == ("UKAS 1",)


def test_a_mail_takes_the_words_of_the_sms_and_names_the_portal_and_the_event_in_its_subject():
    text = event().text_for(MessageChannel.EMAIL, Language.EN)

    assert text is not None
    assert text.text == SMS.text
    assert text.title == f"{portal_name().en}: Approved"


def test_a_push_says_nothing_of_its_content_where_no_file_says_otherwise():
    text = event().text_for(MessageChannel.PUSH, Language.EN)

    assert text is not None
    assert "{" not in text.text
    assert "approved" not in text.text.lower() + text.title.lower()


@pytest.mark.parametrize("channel", [each for each in MessageChannel if each is not MessageChannel.SMS])
def test_a_one_time_code_goes_by_sms_alone(channel):
    one = event(own("a {number} b"), channel, "CODE_ASSISTANCE")

    assert one.text_for(channel, Language.EN) is None
    assert found_on(one) == ["a one-time code goes by SMS alone"]


def test_a_file_may_change_a_part_and_keep_the_rest():
    button = Button(ButtonKind.QUICK_REPLY, "Status", "STATUS {number}")

    text = event(own("", "", "", button)).text_for(MessageChannel.WHATSAPP, Language.EN)

    assert text is not None
    assert text.fill_all({"number": "UKAS 1"}).buttons == (Button(ButtonKind.QUICK_REPLY, "Status", "STATUS UKAS 1"),)
    assert text.text == SMS.text


WHATSAPP, EMAIL, PUSH = MessageChannel.WHATSAPP, MessageChannel.EMAIL, MessageChannel.PUSH


@pytest.mark.parametrize(
    ("channel", "words", "problem"),
    [
        (WHATSAPP, own("a {number} b", "", "Apk-Name"), "the template's name has other characters than a-z, 0-9 and _"),
        (WHATSAPP, own("{number} is approved."), "the text begins or ends with a variable"),
        (WHATSAPP, own("a {number}, {number} b"), "variables without a word between them"),
        (WHATSAPP, own("a\n\n\nb"), "a tab, or more than two line breaks or four spaces together"),
        (WHATSAPP, own("a" * 1_025), "longer than 1024"),
        (WHATSAPP, own("", "", "", Button(ButtonKind.URL, "a" * 26, "x")), "a button longer than 25"),
        (WHATSAPP, own("", "", "", *[Button(ButtonKind.URL, "a", "x")] * 11), "more than 10 buttons"),
        (WHATSAPP, own("a {name} b"), "no variable name"),
        (WHATSAPP, own("a {Number} b"), "no variable Number"),
        (WHATSAPP, own("", "", "", Button(ButtonKind.URL, "a", "{name}")), "no variable name"),
        (EMAIL, own("", "About {number}"), "a variable in the subject"),
        (EMAIL, own("", "a\nb"), "a line break in the title"),
        (EMAIL, own("", "a" * 121), "a title longer than 120"),
        (PUSH, own("Application {number}."), "a variable on the lock screen"),
        (PUSH, own("a" * 181), "longer than 180"),
        (PUSH, own("Your account 1234 5678 9012."), "a number of nine or more digits"),
    ],
)
def test_what_a_channel_does_not_take_is_found(channel, words, problem):
    assert found_on(event(words, channel)) == [problem]


@pytest.mark.parametrize("way", ["reason", "stop_ground", "holder.name", "account", "aadhaar", "amount"])
def test_no_channel_says_a_name_an_amount_an_account_or_a_reason(way):
    said = RegisteredText(
        ID, "It is {said}, see there.", {"said": Variable("alphanumeric", 24, ("values", *way.split(".")))}
    )
    one = EventTexts(APPROVED, {Language.EN: said})

    problems = problems_of(one, (), {ID: said.registered})

    assert {each.partition(": ")[2] for each in problems} == {"said is not for a message that others may read"}
