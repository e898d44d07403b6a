"""Spellings in Devanagari that are offered for names in Latin letters."""

import pytest

from domain.certificates.spellings import devanagari_spelling
from states.certificate_kinds import certificate_kinds
from tests.support.state import PACKAGE

NAMES = certificate_kinds(PACKAGE.folder).names


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Ananya Negi", "अनन्या नेगी"),
        ("ASHA DEVI", "आशा देवी"),
        ("Smt. Savitri Bisht", "श्रीमती सावित्री बिष्ट"),
        ("Trilok R. Joshi", "त्रिलोक र. जोशी"),
        ("Dinesh-Chandra Pant", "दिनेश-चंद्र पंत"),
    ],
)
def test_words_that_are_often_names_are_spelled_as_usual_and_the_rest_by_sound(name: str, spelling: str):
    assert devanagari_spelling(name, NAMES) == spelling


@pytest.mark.parametrize("name", ["", "आशा नेगी", "123"])
def test_what_has_no_latin_letters_is_left_alone(name: str):
    assert devanagari_spelling(name, NAMES) is None
