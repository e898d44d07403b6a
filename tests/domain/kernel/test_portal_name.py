"""The portal's name is one setting, and it is spelt one way everywhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.kernel import Bilingual, Language
from domain.kernel.messages import label, name_portal
from tests.support.state import STATE

ROOT = Path(__file__).parents[3]
HINDI = re.compile(r"अप[ु]?ण[िी]? ?सरकार|अपन[िी] सरकार")
ENGLISH = re.compile(r"\bap[aou]+n+[iy]+ sarkar\b", re.IGNORECASE)
READ = {".py", ".md", ".po", ".json", ".html", ".graphql", ".csv", ".toml", ".txt"}
FOLDERS = (
    "domain",
    "store",
    "actions",
    "schema",
    "integrations",
    "gateway",
    "operations",
    "demo",
    "docs",
    "states",
)


@pytest.fixture
def another_name() -> Iterator[Bilingual]:
    """A name that an installation gives."""
    given = Bilingual("मेरी सरकार", "Meri Sarkar")
    name_portal(given)
    yield given
    name_portal(STATE.portal)


def test_no_file_spells_the_name_in_another_way():
    files = [one for folder in FOLDERS for one in (ROOT / folder).rglob("*") if one.suffix in READ]
    spelt = {
        (str(file.relative_to(ROOT)), found)
        for file in [*files, ROOT / "README.md"]
        for pattern in (HINDI, ENGLISH)
        for found in pattern.findall(file.read_text(encoding="utf-8"))
    }

    assert len(files) > 1000
    assert {one for one in spelt if one[1] not in (STATE.portal.hi, STATE.portal.en)} == set()


def test_the_catalogues_leave_the_name_to_the_setting():
    texts = [(ROOT / "domain" / "kernel" / "locale" / f"{one}.po").read_text(encoding="utf-8") for one in ("hi", "en")]

    assert [name for name in (STATE.portal.hi, STATE.portal.en) for text in texts if str(name) in text] == []


def test_texts_name_the_portal_as_the_installation_does(another_name: Bilingual):
    assert label("role.SYSTEM", Language.HI) == another_name.hi
    assert "Meri Sarkar" in label("page.status.title", Language.EN)


def test_the_name_is_that_of_the_mission_where_the_installation_gives_none():
    assert label("role.SYSTEM", Language.HI) == "अपुणी सरकार"
