"""Finding services by words, over the catalogue as it is; no database takes part."""

import pytest

from actions.catalogue.rows import read_catalogue
from domain.catalogue.catalogue import Eligibility, Facts, Situation, may_be_eligible
from domain.catalogue.search import BEST, CatalogueIndex, IndexCache
from domain.catalogue.transliteration import bones_of, is_latin, sounds_of, words_of
from domain.kernel import Bilingual
from tests.support.actions import catalogue_rows

READ = read_catalogue(catalogue_rows())
INDEX = CatalogueIndex(READ.services, READ.departments)


def best(question: str) -> str:
    found = INDEX.find(question)
    assert found, question
    return found[0].service.code


@pytest.mark.parametrize(
    ("hindi", "spellings"),
    [
        ("जाति", "jati jaati jathi"),
        ("प्रमाण", "praman pramaan"),
        ("पत्र", "patra patr"),
        ("मूल", "mool mul"),
        ("निवास", "niwas nivas niwaas"),
        ("आय", "aay ay"),
        ("वृद्धा", "vridha vriddha"),
        ("पेंशन", "pension penshan"),
        ("स्थाई", "sthai sthayi"),
        ("विवाह", "vivah viwah"),
        ("खतौनी", "khatauni khatoni"),
        ("परिवार", "parivar pariwar"),
        ("दिव्यांग", "divyang"),
        ("बिजली", "bijli bijlee"),
        ("छात्रवृत्ति", "chhatravritti chatravriti"),
        ("राशन", "ration rashan"),
        ("ज्ञापन", "gyapan"),
        ("अंबेडकर", "ambedkar"),
    ],
)
def test_the_usual_spellings_of_a_hindi_word_have_its_bones(hindi: str, spellings: str):
    bones = bones_of(sounds_of(hindi))
    assert {spelling: bones_of(sounds_of(spelling)) for spelling in spellings.split()} == dict.fromkeys(
        spellings.split(), bones
    )


def test_words_are_read_in_both_scripts_with_any_digits():
    assert words_of("Form-१२ जाति, प्रमाण-पत्र!") == ["form", "12", "जाति", "प्रमाण", "पत्र"]
    assert words_of("ज़मीन") == words_of("ज\u093cमीन")
    assert words_of("—;'\"%") == []


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("जाति प्रमाण पत्र", "ES08"),
        ("jati praman patra", "ES08"),
        ("jaati pramaan patr", "ES08"),
        ("jatipraman patra", "ES08"),
        ("जाति प्रमाणपत्र", "ES08"),
        ("Caste Certificate", "ES08"),
        ("cast certifcate", "ES08"),
        ("domicle", "ES01"),
        ("driving licnce", "TR02"),
        ("driving licnse", "TR02"),
        ("mool niwas", "ES01"),
        ("mool nivas praman patra", "ES01"),
        ("aay praman patra", "ES09"),
        ("aay", "ES09"),
        ("incmoe certificate", "ES09"),
        ("vridha pension", "ES90"),
        ("vriddha pension", "ES90"),
        ("vridhavastha penshan", "ES90"),
        ("बुढ़ापा पेंशन", "ES90"),
        ("old age pention", "ES90"),
        ("widow", "ES92"),
        ("vidhwa pension", "ES92"),
        ("viklang", "ES91"),
        ("ES22", "ES22"),
        ("es22", "ES22"),
        ("charitra praman patra ke liye avedan", "ES03"),
        ("how to apply for ration card online", "UKX-EYZJWU"),
        ("bijli ka naya connection", "UD17"),
        ("voter id", "EC01"),
        ("शादी का पंजीकरण", "HD68"),
        ("जातिप्रमाणपत्र", "ES08"),
        ("scheduled caste", "ES08"),
        ("मैरिज सर्टिफिकेट", "HD68"),
        ("दुकान", "UKX-NFPXVR"),
        ("naukri", "ES22"),
    ],
)
def test_the_service_that_is_meant_comes_first(question: str, code: str):
    assert best(question) == code


def test_every_service_can_be_found_in_hindi_also_one_that_has_no_hindi_name():
    for service in READ.services:
        said = [name for name in (service.name.hi, *service.keywords) if name and not is_latin(words_of(name)[0])]
        assert said, service.name.en
        assert service.code in {found.service.code for found in INDEX.find(said[0])}, said[0]


def test_a_code_is_not_mistaken_for_its_neighbour():
    assert [found.service.code for found in INDEX.find("ES09")] == ["ES09"]


@pytest.mark.parametrize("question", ["", "   ", "—", "'; DROP TABLE services; --", "zzzzqqqq", "%", "_"])
def test_what_says_nothing_finds_nothing(question: str):
    assert INDEX.find(question) == []


def test_every_word_must_fit_and_where_none_has_all_most_will_do():
    assert {found.service.code for found in INDEX.find("income certificate")} == {"ES09"}
    assert "ES08" in {found.service.code for found in INDEX.find("caste certificate gobbledygook")}
    assert INDEX.find("caste gobbledygook") == []


def test_a_name_that_is_said_in_full_ranks_before_one_of_which_a_part_is_said():
    found = INDEX.find("Birth Certificate (rural)")
    assert found[0].score == BEST
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    names = [each.service.name.en for each in INDEX.find("licence") if each.score == INDEX.find("licence")[0].score]
    assert names == sorted(names)


def test_the_order_does_not_depend_on_the_order_of_the_rows():
    turned = CatalogueIndex(reversed(READ.services), READ.departments)
    for question in ("certificate", "licence", "pension", "revenue"):
        assert turned.find(question) == INDEX.find(question)


def test_a_long_question_is_bounded():
    assert INDEX.find("caste certificate " + "x" * 10_000) == INDEX.find("caste certificate " + "x" * 300)
    assert INDEX.find(" ".join(f"word{number}" for number in range(1000))) == []


def test_an_index_is_kept_for_one_stamp():
    kept = IndexCache()
    assert kept.get(1) is None
    kept.put(1, INDEX)
    assert kept.get(1) is INDEX
    assert kept.get(2) is None


PENSION = Eligibility(Bilingual(None, "60 or older"), least_age=60, most_income_paise=400_000, bpl_instead=True)
WIDOW = Eligibility(Bilingual(None, "widow, 18 or older"), least_age=18, situations=(Situation.WIDOW,))


@pytest.mark.parametrize(
    ("eligibility", "facts", "may"),
    [
        (PENSION, Facts(), True),
        (PENSION, Facts(age=60, income_paise=400_000), True),
        (PENSION, Facts(age=59), False),
        (PENSION, Facts(income_paise=400_001), False),
        (PENSION, Facts(income_paise=400_001, situations=frozenset({Situation.BPL})), True),
        (WIDOW, Facts(age=30), True),
        (WIDOW, Facts(situations=frozenset()), False),
        (WIDOW, Facts(situations=frozenset({Situation.WIDOW, Situation.RURAL})), True),
        (Eligibility(Bilingual(None, "18 to 60"), 18, 60), Facts(age=61), False),
    ],
)
def test_what_was_not_said_speaks_against_nothing(eligibility: Eligibility, facts: Facts, may: bool):
    assert may_be_eligible(eligibility, facts) is may
