"""The Hindi that people read keeps to the house's words and spellings, which hindi_words.csv lists with reasons."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = list(csv.DictReader((ROOT / "tests/architecture/hindi_words.csv").read_text(encoding="utf-8").splitlines()))
NAMES_OF_OTHERS = {"districts.csv", "tehsils.csv", "blocks.csv", "holidays.csv"}
"""Files of places and persons, whose names are spelt as their sources spell them."""

PEOPLES_OWN = {"local_keywords.csv"}
"""Words by which people look for a service, however they write them."""


def texts() -> list[Path]:
    data = [path for path in (ROOT / "states").rglob("*.*") if path.suffix in {".csv", ".json"}]
    held = [path for path in data if path.name not in NAMES_OF_OTHERS | PEOPLES_OWN]
    templates = (ROOT / "gateway/pages/templates").rglob("*.html")
    return [ROOT / "domain/kernel/locale/hi.po", *sorted(held), *sorted(templates)]


def faults(text: str) -> list[str]:
    lines = text.splitlines()
    return [
        f"line {number}: {found[0]!r} is {row['right']!r} here ({row['reason']})"
        for number, line in enumerate(lines, start=1)
        for row in WORDS
        if (found := re.search(row["wrong"], line))
    ]


@pytest.mark.parametrize("path", texts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_hindi_texts_use_the_words_and_spellings_of_the_house(path):
    assert faults(path.read_text(encoding="utf-8")) == []


def test_a_word_that_is_not_of_the_house_is_named_with_the_right_one():
    assert faults("सेवा केन्द्र") == ["line 1: 'न्' is 'ं' here (the same)"]
    assert faults("उत्तराखण्ड का सेवा केंद्र") == []
