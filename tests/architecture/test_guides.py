"""The guides stand in both languages, with their pictures, and say nothing that the pages do not show.

A label is printed in bold. It is a text of the catalogue that one of the pages shows which the guide names at its top.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, meta

from domain.kernel import Language
from domain.kernel.messages import labels
from gateway.pages.addresses import PAGES
from tests.architecture.test_hindi_words import faults
from tests.gateway.test_page_texts import texts_of_template
from tools.pictures import GUIDE_PICTURES

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
TEMPLATES = ROOT / "gateway" / "pages" / "templates"
ROLES = ("citizen", "operator", "officer", "appellate", "finance", "helpline", "department", "state")
LANGUAGES = ("en", "hi")
NO_PICTURE = {"en": "This page has no picture.", "hi": "इस पृष्ठ का कोई चित्र नहीं है।"}
SECTIONS = 5
"""What for, before you begin, steps, what can go wrong, where to ask."""
LARGEST = 30_000
OTHER_PAGES = {"/sign-in": "sign_in/choice.html", "/status": "public/status.html"}
"""Pages that no operation answers."""
AT_SIGN_IN = ("sign_in/devices.html", "sign_in/accounts.html")
BOLD = re.compile(r"\*\*([^*]+)\*\*")
PICTURE = re.compile(r"!\[[^\]]+\]\(\.\./pictures/([\w-]+)\.(en|hi)\.png\)")
LISTED = re.compile(r"^- \[([^\]]+)\]\(([\w-]+)\.(?:en|hi)\.md\)$", re.MULTILINE)
ADDRESSES = re.compile(r"^(?:On the portal|पोर्टल पर): (.+)$", re.MULTILINE)
LABELLED = re.compile(r'(?:label|labelled)\("(\w+)"\)')


def tasks(role: str) -> list[str]:
    return sorted({path.name.split(".")[0] for path in (GUIDES / role).glob("*.md")} - {"index"})


TASKS = [f"{role}/{task}" for role in ROLES for task in tasks(role)]


def text_of(task: str, language: str) -> str:
    return (GUIDES / f"{task}.{language}.md").read_text(encoding="utf-8")


def steps(text: str) -> list[str]:
    return re.findall(r"^\d+\. .+$", text, re.MULTILINE)


@cache
def templates() -> dict[str, str]:
    """The template of each address, with `…` where a page has a parameter."""
    return {re.sub(r"{[^}]+}", "…", page.path): page.template for page in PAGES} | OTHER_PAGES


@cache
def source(template: str) -> str:
    """A template with all that it is made of."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    parts = meta.find_referenced_templates(Environment(extensions=["jinja2.ext.i18n"]).parse(text))
    return text + "".join(source(part) for part in sorted(part for part in parts if part))


@cache
def texts(template: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The keys that a page asks for, and the beginnings of those that it makes."""
    names, begun = texts_of_template(source(template))
    return frozenset(names), (*begun, *(f"{kind}." for kind in LABELLED.findall(source(template))))


def pages(task: str, language: str) -> list[str]:
    """The templates of the pages that a guide names."""
    named = ADDRESSES.search(text_of(task, language))
    assert named is not None
    addresses = re.findall(r"`([^`]+)`", named[1])
    return [templates()[address] for address in addresses] + list(AT_SIGN_IN if "/sign-in" in addresses else ())


@cache
def catalogue(language: str) -> dict[str, list[str]]:
    """The keys of each text."""
    found: dict[str, list[str]] = {}
    for key, text in labels(Language(language)).items():
        found.setdefault(text, []).append(key)
    return found


def keys_of(task: str, language: str) -> Iterator[tuple[str, set[str]]]:
    """The labels of a guide, each with the keys by which its pages may show it."""
    found = [texts(template) for template in pages(task, language)]
    names = frozenset[str]().union(*(of_page for of_page, _ in found))
    begun = tuple(beginning for _, of_page in found for beginning in of_page)
    for label in BOLD.findall(text_of(task, language)):
        keys = catalogue(language).get(label, [])
        yield label, {key for key in keys if key in names or key.startswith(begun)}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_of_a_guide_is_shown_by_a_page_that_it_names(task: str, language: str):
    assert [label for label, keys in keys_of(task, language) if not keys] == []


@pytest.mark.parametrize("task", TASKS)
def test_a_guide_names_the_same_labels_in_both_languages(task: str):
    english, hindi = ([keys for _, keys in keys_of(task, language)] for language in LANGUAGES)

    assert [keys for keys in english if not any(keys & other for other in hindi)] == []
    assert [keys for keys in hindi if not any(keys & other for other in english)] == []


@pytest.mark.parametrize("task", TASKS)
def test_a_guide_has_the_same_pages_sections_and_steps_in_both_languages(task: str):
    english, hindi = (text_of(task, language) for language in LANGUAGES)

    assert english.count("\n## ") == hindi.count("\n## ") == SECTIONS
    assert len(steps(english)) == len(steps(hindi)) > 1
    assert pages(task, "en") == pages(task, "hi") != []


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guide_has_a_small_picture_of_its_language_or_says_that_it_has_none(task: str, language: str):
    text = text_of(task, language)
    pictures = PICTURE.findall(text)

    assert (len(pictures) == 1) != (NO_PICTURE[language] in text)
    for name, of in pictures:
        assert of == language
        assert (GUIDES / "pictures" / f"{name}.{of}.png").stat().st_size <= LARGEST


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_index_of_a_role_lists_all_of_its_guides_by_their_headings(role: str, language: str):
    listed = {task: title for title, task in LISTED.findall(text_of(f"{role}/index", language))}

    assert listed == {task: text_of(f"{role}/{task}", language).splitlines()[0][2:] for task in tasks(role)}


def test_the_list_of_guides_leads_to_the_index_of_every_role_in_both_languages():
    text = (GUIDES / "README.md").read_text(encoding="utf-8")

    assert {f"({role}/index.{language}.md)" for role in ROLES for language in LANGUAGES} <= set(
        re.findall(r"\([\w./]+\)", text)
    )
    assert "(guides/README.md)" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")


def test_every_picture_that_the_script_takes_is_in_a_guide_and_no_other_one_is_kept():
    kept = {path.name for path in (GUIDES / "pictures").iterdir()}

    used = {
        f"{name}.{of}.png" for task in TASKS for one in LANGUAGES for name, of in PICTURE.findall(text_of(task, one))
    }
    assert kept == used == {f"{name}.{language}.png" for name, *_ in GUIDE_PICTURES for language in LANGUAGES}


@pytest.mark.parametrize("path", sorted(GUIDES.rglob("*.hi.md")), ids=lambda path: str(path.relative_to(GUIDES)))
def test_hindi_guides_use_the_words_and_spellings_of_the_house(path: Path):
    assert faults(path.read_text(encoding="utf-8")) == []
