"""The same nouns name the folders of every floor, and no folder holds more than somebody can survey (ADR 0011)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOUNS = {line.split()[0] for line in (Path(__file__).with_name("nouns.txt")).read_text(encoding="utf-8").splitlines()}
BESIDES = {
    "domain": {"kernel"},
    "store": {"database", "migrations", "checks", "backup", "tables"},
    "actions": {"kernel", "registry"},
    "schema": {
        "kernel",
        "building",
        "department_subgraph",
        "direct_resolvers",
        "entities",
        "nodes",
        "printing",
        "compatibility",
    },
}
"""What a floor holds beside its nouns."""

TESTS = ROOT / "tests"
TESTED = ("domain", "store", "actions", "schema", "integrations", "gateway", "sandbox", "demo", "legacy")
"""Floors and packages whose tests have a folder of the same name."""

OTHER_FOLDERS = {
    "integrations/calling/cache": "one fixture, a cache of each kind, for the modules that keep answers",
    "integrations/calling/remote": "one fixture, a remote over respx, for the parts of a call",
}
"""Folders of tests that are none of the product, and why. The list only becomes shorter."""

WHOLE = {
    "actions": set[str](),
    "schema": {
        *("boards", "citizen_lists", "compatibility", "department_subgraph", "direct_resolvers", "entities"),
        *("little_data", "printed", "query", "read_plans", "unchanged_home"),
    },
    "integrations": {"contract_rows", "registry", "signature_placements"},
    "gateway": {
        *("access_reference", "cli", "commission_samples", "demo", "etaal_samples", "front", "light_imports"),
        *("open_data", "page_texts", "payment_reach", "production_process", "staging_process", "traced_site", "traces"),
    },
}
"""Tests of a floor that are of the whole of it, or of several of its folders. The list only becomes shorter."""

MOST = 25
"""The most modules of a folder, `__init__` apart."""

PACKAGES = ("domain", "store", "actions", "schema", "integrations", "gateway", "sandbox", "demo", "legacy")


def children(floor: str) -> set[str]:
    """The names of a floor's folders and modules."""
    return {
        path.stem
        for path in (ROOT / floor).iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }


def folders() -> list[Path]:
    """Every folder of the product with Python modules, revisions of the schema apart."""
    found = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    return sorted(folder for folder in found if folder.name != "versions")


def modules(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("floor", BESIDES)
def test_a_floor_has_folders_named_by_nouns_and_what_is_listed_beside_them(floor):
    assert children(floor) - NOUNS - BESIDES[floor] == set()


def test_each_noun_is_found_on_at_least_two_floors():
    found = [noun for noun in NOUNS if sum(noun in children(floor) for floor in BESIDES) < 2]
    assert found == []


def test_folders_of_tests_are_those_of_the_product():
    found = {path.parent.relative_to(TESTS) for floor in TESTED for path in (TESTS / floor).rglob("*.py")}
    there = {folder.relative_to(ROOT) for folder in folders()}

    assert {str(folder) for folder in found - there} == set(OTHER_FOLDERS)


@pytest.mark.parametrize("floor", WHOLE)
def test_tests_lie_in_the_folder_of_what_they_test(floor):
    assert {path.stem.removeprefix("test_") for path in (TESTS / floor).glob("test_*.py")} == WHOLE[floor]


def test_no_folder_holds_more_than_25_modules():
    found = {str(folder.relative_to(ROOT)): len(modules(folder)) for folder in folders()}
    assert {name: count for name, count in found.items() if count > MOST} == {}


@pytest.mark.parametrize("floor", BESIDES)
def test_a_noun_with_one_module_is_a_module(floor):
    lonely = [
        folder.name
        for folder in (ROOT / floor).iterdir()
        if folder.name in NOUNS and len(modules(folder)) == 1 and not any(folder.glob("*/__init__.py"))
    ]
    assert lonely == []


@pytest.mark.parametrize("floor", BESIDES)
def test_the_init_of_a_noun_is_one_sentence(floor):
    talkative = []
    for noun in NOUNS:
        path = ROOT / floor / noun / "__init__.py"
        if path.exists():
            body = ast.parse(path.read_text(encoding="utf-8")).body
            if len(body) != 1 or not (isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)):
                talkative.append(noun)
    assert talkative == []
