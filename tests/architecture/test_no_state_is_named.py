"""The product names no state: what belongs to one is its package below states/ (ADR 0032)."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("domain", "store", "actions", "schema", "gateway", "integrations", "operations")
READ = {".py", ".po", ".graphql", ".html", ".json", ".typ", ".md", ".csv", ".js", ".css"}
NAMED = re.compile("uttarakhand|उत्तराखण्ड|उत्तराखंड|dehradun|देहरादून|अपुणी|apunisarkar(?! gateway)", re.IGNORECASE)
"""`Apuni Sarkar` as two words is the product's own name too, `apuni` its package and its command."""
ENGLISH_NAME = re.compile(r"msgstr .*Apuni Sarkar")
KEPT = {("gateway/documents/pdf.py", "ApuniSarkar"), ("schema/released.graphql", "Apuni Sarkar")}
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


@pytest.mark.parametrize("language", ["hi", "en"])
def test_the_texts_of_the_product_leave_the_portals_name_to_the_state(language: str):
    text = (ROOT / "domain" / "kernel" / "locale" / f"{language}.po").read_text(encoding="utf-8")

    assert ENGLISH_NAME.findall(text) == []
