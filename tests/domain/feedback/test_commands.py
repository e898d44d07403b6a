"""Commands by SMS and WhatsApp: three ways of writing, digits of Devanagari, a slip that is told."""

import pytest

from domain.feedback.commands import Command, CommandKind, read_command
from domain.kernel import NumberKind, make_number

NUMBER = make_number(NumberKind.APPLICATION, 2026, "1234567890")
DEVANAGARI = NUMBER.translate(str.maketrans("0123456789", "०१२३४५६७८९"))
SWAPPED = NUMBER[:5] + NUMBER[6] + NUMBER[5] + NUMBER[7:]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("STATUS", CommandKind.STATUS),
        ("uk status", CommandKind.STATUS),
        ("sthiti", CommandKind.STATUS),
        ("स्थिति", CommandKind.STATUS),
        ("meri sthiti batao", CommandKind.STATUS),
        ("Due date?", CommandKind.DUE),
        ("kab milega", CommandKind.DUE),
        ("कब तक?", CommandKind.DUE),
        ("तारीख़", CommandKind.DUE),
        ("link", CommandKind.LINK),
        ("लिंक भेजें", CommandKind.LINK),
        ("apeel", CommandKind.APPEAL),
        ("अपील", CommandKind.APPEAL),
        ("HELP!", CommandKind.HELP),
        ("मदद।", CommandKind.HELP),
        ("Stop.", CommandKind.STOP),
        ("band karo", CommandKind.STOP),
        ("बन्द", CommandKind.STOP),
        ("start", CommandKind.START),
        ("शुरू", CommandKind.START),
        ("नमस्ते", CommandKind.MENU),
    ],
)
def test_a_command_is_read_in_hindi_in_latin_letters_and_in_english(text, kind):
    assert read_command(text) == Command(kind)


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        DEVANAGARI,
        f"{NUMBER[:4]} {NUMBER[4:9]} {NUMBER[9:]}",
        f"{NUMBER[:4]}-{NUMBER[4:9]}-{NUMBER[9:]}",
        f"{DEVANAGARI[:4]} {DEVANAGARI[4:9]}  {DEVANAGARI[9:]}",
    ],
)
@pytest.mark.parametrize("before", ["UK STATUS ", "स्थिति ", "sthiti:", ""])
def test_a_number_is_read_however_it_is_written_and_alone_asks_for_the_status(before, written):
    assert read_command(before + written) == Command(CommandKind.STATUS, NUMBER)


@pytest.mark.parametrize("written", [SWAPPED, NUMBER[:-1], NUMBER + "7"])
def test_a_number_with_a_slip_is_told(written):
    assert read_command(f"status {written}") == Command(CommandKind.STATUS, None, mistyped=True)


def test_a_number_of_a_former_system_is_read_in_the_form_in_which_it_is_kept():
    assert read_command("STATUS UK-AS-2026-0001234") == Command(CommandKind.STATUS, "UKAS20260001234")


def test_stop_of_one_application_names_it():
    assert read_command(f"STOP {NUMBER}") == Command(CommandKind.STOP, NUMBER)


@pytest.mark.parametrize("text", ["please stop the delay", "start kab hoga bhai"])
def test_stop_and_start_count_as_the_whole_command_alone(text):
    found = read_command(text)

    assert found is None or found.kind not in (CommandKind.STOP, CommandKind.START)


@pytest.mark.parametrize("text", ["", "  ", "ठीक है", "9812345678", "919812345678", "😀", "statuses"])
def test_other_texts_are_no_commands(text):
    assert read_command(text) is None
