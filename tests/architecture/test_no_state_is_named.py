"""The product names no state: what belongs to one is its package below states/ (ADR 0032)."""

import csv
import re
from pathlib import Path

import pytest

from tests.support.state import PACKAGE

ROOT = Path(__file__).parents[2]
PRODUCT = ("domain", "store", "actions", "schema", "gateway", "integrations", "operations")
READ = {".py", ".po", ".graphql", ".html", ".json", ".typ", ".md", ".csv", ".js", ".css"}
NAMED = re.compile("uttarakhand|उत्तराखण्ड|उत्तराखंड|dehradun|देहरादून|अपुणी|apunisarkar(?! gateway)", re.IGNORECASE)
"""`Apuni Sarkar` as two words is the product's own name too, `apuni` its package and its command."""
COORDINATES = re.compile(r"\b(?:2[89]|3[01])\.\d{2,}\b|\b(?:7[789]|8[01])\.\d{2,}\b")
"""Degrees of latitude or longitude that lie in Uttarakhand, as precise as a town."""
SHORTEST = 4
"""Letters of a place's name that is looked for: थल is a part of other words too."""
ENGLISH_NAME = re.compile(r"msgstr .*Apuni Sarkar")
RELEASED = "schema/released.graphql"
KEPT = {("gateway/documents/sealing.py", "ApuniSarkar"), (RELEASED, "Apuni Sarkar")}
"""The name of the signature field in PDF files that were signed before; the graph as it was released."""


def files_of(folder: str) -> list[Path]:
    return [one for one in (ROOT / folder).rglob("*") if one.suffix in READ and "__pycache__" not in one.parts]


@pytest.mark.parametrize("folder", PRODUCT)
def test_no_module_text_operation_or_template_names_a_state(folder: str):
    read = {str(one.relative_to(ROOT)): one.read_text(encoding="utf-8") for one in files_of(folder)}

    named = {(name, found) for name, text in read.items() for found in NAMED.findall(text)}

    assert read
    assert (
        named - KEPT - {(name, "uttarakhand") for name, text in read.items() if text.count("states/uttarakhand")}
        == set()
    )


def places() -> set[str]:
    """The names of districts, their towns, divisions and tehsils in both scripts."""
    columns = {
        "districts.csv": ("name_en", "name_hi", "division", "headquarters"),
        "tehsils.csv": ("name_en", "name_hi"),
    }
    return {
        row[column]
        for file, named in columns.items()
        for row in csv.DictReader((PACKAGE.folder / file).read_text(encoding="utf-8").splitlines())
        for column in named
        if len(row[column]) >= SHORTEST
    }


@pytest.mark.parametrize("folder", PRODUCT)
def test_no_module_text_operation_or_template_names_a_place_of_a_state_or_where_it_lies(folder: str):
    named = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(places())))})(?![\w\u0900-\u097f])")

    found = {
        (str(one.relative_to(ROOT)), place)
        for one in files_of(folder)
        for text in (one.read_text(encoding="utf-8"),)
        for place in (*named.findall(text), *COORDINATES.findall(text))
    }

    assert {(name, place) for name, place in found if name != RELEASED} == set()


@pytest.mark.parametrize("language", ["hi", "en"])
def test_the_texts_of_the_product_leave_the_portals_name_to_the_state(language: str):
    text = (ROOT / "domain" / "kernel" / "locale" / f"{language}.po").read_text(encoding="utf-8")

    assert ENGLISH_NAME.findall(text) == []
