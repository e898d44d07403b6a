"""Every text that people read is there in Hindi and English."""

import re
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from actions.catalogue.rows import read_catalogue
from actions.certificates.fields import PRINTED
from domain.applications.lifecycle import Move, Status
from domain.kernel import ErrorCode, Language, Remedy, messages
from domain.kernel.messages import MissingMessage, bilingual, catalogue, label, labels, message, our_word, written_texts
from domain.rosters.rows import RawRow, read_row
from tests.support.actions import catalogue_rows

HINDI, ENGLISH = catalogue(Language.HI), catalogue(Language.EN)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_code_has_a_message_in_every_language(code, language):
    assert message(code, language)


@pytest.mark.parametrize(("prefix", "values"), [("remedy", Remedy), ("status", Status), ("move", Move)])
def test_every_value_that_people_see_has_a_label(prefix, values):
    for value in values:
        assert label(f"{prefix}.{value.name}", Language.HI) != ""


def test_both_catalogues_have_the_same_keys_and_parameters():
    assert list(written_texts(Language.HI)) == list(written_texts(Language.EN))
    for key in HINDI:
        assert parameters(HINDI[key]) == parameters(ENGLISH[key]), key


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
def test_no_key_stands_twice_in_a_catalogue(language):
    path = Path(messages.__file__).parent / "locale" / f"{language.value}.po"
    keys = re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(keys) == sorted(set(keys))


WORDS_OF_BOTH = {"SMS", "SHA-256"}
"""What Hindi writes in Latin letters too."""


def test_hindi_is_written_in_devanagari_and_english_is_not():
    for key in HINDI:
        assert HINDI[key] in WORDS_OF_BOTH or re.search(r"[\u0900-\u097f]", HINDI[key]), key
        assert not re.search(r"[\u0900-\u097f]", ENGLISH[key]), key


def test_garhwali_and_kumaoni_fall_back_to_hindi():
    assert label("status.DRAFT", Language.GBM) == label("status.DRAFT", Language.KFY) == "प्रारूप"


def test_a_parameter_with_a_label_of_its_own_is_shown_by_it():
    params = {"status": "DRAFT", "move": "APPROVE"}
    assert "प्रारूप" in message(ErrorCode.TRANSITION_NOT_ALLOWED, Language.HI, params)


def test_a_parameter_that_is_missing_does_not_hide_the_message():
    assert message(ErrorCode.DOCUMENT_MISSING, Language.EN) == "A required document is missing: –."


def test_every_printed_field_of_a_certificate_has_a_label_and_no_other_field_has():
    assert list(labels(Language.HI, "printed_field.")) == [f"printed_field.{key}" for key in PRINTED]


def test_every_field_of_a_row_of_a_roster_has_a_name_and_what_is_expected_of_it():
    problems = read_row(RawRow("", "", "", "", "", "no", "1"), date(2026, 11, 24))[1]

    texts = [[text.hi for text in problem.texts.values()] for problem in problems]
    assert len(texts) == len(labels(Language.HI, "roster_field.")) == len(labels(Language.HI, "roster_expected."))
    assert all(all(of_field) for of_field in texts)


def test_labels_can_be_had_by_their_prefix():
    assert set(labels(Language.EN, "payment.")) == {key for key in ENGLISH if key.startswith("payment.")}


def test_a_key_without_a_text_is_a_defect():
    with pytest.raises(MissingMessage):
        label("status.NONE", Language.EN)


def test_a_text_of_both_languages_is_looked_up_when_it_is_shown():
    known, unknown = bilingual("status.DRAFT"), bilingual("status.NONE")

    assert (known.hi, known.en) == (HINDI["status.DRAFT"], ENGLISH["status.DRAFT"])
    assert known.in_language(Language.GBM) == HINDI["status.DRAFT"]
    assert known.in_language(Language.EN) == ENGLISH["status.DRAFT"]
    with pytest.raises(MissingMessage):
        unknown.in_language(Language.EN)


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_papers_posts_and_categories_of_the_catalogue_are_said_in_hindi_and_what_we_have_no_word_for_as_it_came():
    services = read_catalogue(catalogue_rows()).services
    papers = {paper.name for service in services for paper in service.documents}
    posts = {
        post
        for service in services
        for post in (service.designated_officer, service.first_appellate, service.second_appellate)
        if post
    }
    categories = {service.category for service in services if service.category}
    assert len(categories) > 20
    assert len(papers) > 30
    assert len(posts) > 20
    for kind, said in (("paper", papers), ("post", posts), ("category", categories)):
        assert {one for one in said if our_word(kind, one, Language.HI) == one} == set()
        assert {our_word(kind, one, Language.EN) for one in said} == said
    assert our_word("paper", "A Paper of Tomorrow", Language.HI) == "A Paper of Tomorrow"
    missing = message(ErrorCode.DOCUMENT_MISSING, Language.HI, {"paper": "ID Proof"})
    assert missing == "एक आवश्यक दस्तावेज़ नहीं लगा है: पहचान का प्रमाण।"
