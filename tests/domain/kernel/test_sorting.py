"""Lists of names are in the order of a dictionary of the language that is read."""

from dataclasses import dataclass

import pytest

from domain.kernel import Bilingual, Language, sorted_by_name


@dataclass(frozen=True)
class Named:
    name: Bilingual


def in_order(names: list[str]) -> list[str]:
    found = sorted_by_name((Named(Bilingual(name, "x")) for name in names), Language.HI)
    return [one.name.hi or "" for one in found]


@pytest.mark.parametrize(
    "names",
    [
        ["अंक", "अकबर", "आम", "उत्तरकाशी", "कमल", "काम", "क्रम", "चमोली", "देहरादून", "हरिद्वार"],
        ["जमीन", "ज़मीनी", "जल"],
        ["पढ़ना", "पण", "पत"],
    ],
    ids=["vowels and conjuncts", "a nukta does not count", "a letter of one code point as of two"],
)
def test_hindi_names_are_in_the_order_of_a_dictionary(names: list[str]):
    assert in_order(names[::-1]) == names


def test_latin_names_are_sorted_without_regard_to_case():
    names = [Named(Bilingual(None, name)) for name in ("Beta", "alpha", "Alps")]

    assert [one.name.en for one in sorted_by_name(names, Language.EN)] == ["alpha", "Alps", "Beta"]


def test_what_has_no_hindi_name_stands_by_its_english_one():
    names = [Named(Bilingual(None, "Zila")), Named(Bilingual("अल्मोड़ा", "Almora"))]

    assert [one.name.en for one in sorted_by_name(names, Language.HI)] == ["Zila", "Almora"]
