"""What docs/architecture.md, CONTRIBUTING.md and README.md name is there, and each drawing is that of its source."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from tools.render_diagrams import DOCS, Diagram, all_diagrams, diagrams, source_hash

ROOT = Path(__file__).parents[2]
PAGES = ("docs/architecture.md", "CONTRIBUTING.md", "README.md")
FOLDERS = "|".join(sorted(path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in {"build", "var"}))
PATHS = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)`")
NAME_IN_PATH = re.compile(rf"`([\w.]+)`(?: \([^)]*\))? in `((?:{FOLDERS})/[\w./-]+\.py)`")
BOX = re.compile(r"box (\w+)")
PARTICIPANT = re.compile(r"participant (\w+) as (.+)")
ARROW = re.compile(r"\w+--?>>(\w+): (.+)")
CALL = re.compile(r"(\w+)\(\)")
WALKS = [
    one.path for one in all_diagrams() if one.page == "architecture.md" and one.source.startswith("sequenceDiagram")
]


@cache
def names_of(module: str) -> frozenset[str]:
    """Functions, classes and variables of a module, at any depth; none where the module is not there."""
    path = ROOT / module
    if not path.is_file():
        return frozenset()
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    declared = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return frozenset(declared | assigned)


def participants(source: str) -> dict[str, str]:
    """The modules of a sequence diagram by their letters; the box is the floor, the label the rest of the path."""
    found, floor = {}, None
    for line in map(str.strip, source.splitlines()):
        if box := BOX.fullmatch(line):
            floor = box[1]
        elif line == "end":
            floor = None
        elif floor and (participant := PARTICIPANT.fullmatch(line)):
            found[participant[1]] = f"{floor}/{participant[2].replace('<br/>', '')}"
    return found


def calls(source: str) -> Iterator[tuple[str, str]]:
    """Each function that an arrow names, with the module that the arrow leads to."""
    modules = participants(source)
    for line in map(str.strip, source.splitlines()):
        arrow = ARROW.fullmatch(line)
        for name in CALL.findall(line):
            yield (modules.get(arrow[1], "") if arrow else "no arrow"), name


def missing_modules(source: str) -> list[str]:
    """Modules of a walk that are not there."""
    return [module for module in participants(source).values() if not (ROOT / module).is_file()]


def missing_functions(source: str) -> list[str]:
    """Functions that the module which an arrow leads to does not have."""
    return [f"{module}: {name}" for module, name in calls(source) if name not in names_of(module)]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [path for path in PATHS.findall(text) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_name_that_a_page_says_to_be_in_a_module_is_there(page):
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    found = NAME_IN_PATH.findall(text)
    assert [f"{module}: {name}" for name, module in found if name.split(".")[-1] not in names_of(module)] == []


@pytest.mark.parametrize("walk", WALKS)
def test_every_module_of_a_walk_is_there(walk):
    assert participants(diagrams()[walk])
    assert missing_modules(diagrams()[walk]) == []


@pytest.mark.parametrize("walk", WALKS)
def test_every_function_of_a_walk_is_in_the_module_that_its_arrow_leads_to(walk):
    assert list(calls(diagrams()[walk]))
    assert missing_functions(diagrams()[walk]) == []


def test_wrong_names_in_a_walk_are_found():
    head = "sequenceDiagram\nbox actions\nparticipant A as kernel/<br/>access.py\nparticipant B as nowhere.py\nend\n"
    walk = head + "B->>A: require()\nA->>A: nothing()\nNote over A: require()\n"
    assert missing_modules(walk) == ["actions/nowhere.py"]
    assert missing_functions(walk) == ["actions/kernel/access.py: nothing", "no arrow: require"]


def test_the_picture_of_the_floors_has_every_noun_and_the_folders_of_the_gateway():
    nouns = {line.split()[0] for line in (ROOT / "tests/architecture/nouns.txt").read_text().splitlines()}
    words = {
        word
        for line in diagrams()["images/architecture/floors.svg"].splitlines()
        if " · " in line
        for word in re.findall(r"\w+", line.removeprefix('        list["`'))
    }
    assert words >= nouns
    assert [word for word in words - nouns if not (ROOT / "gateway" / word).is_dir()] == []


def test_the_readme_names_every_noun():
    nouns = [line.split()[0] for line in (ROOT / "tests/architecture/nouns.txt").read_text().splitlines()]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Where things are")[2]
    assert [noun for noun in nouns if not re.search(rf"\b{noun}\b", readme)] == []


@pytest.mark.parametrize("path", diagrams())
def test_every_drawing_is_that_of_its_source(path):
    drawn = (ROOT / "docs" / path).read_text(encoding="utf-8")
    assert f'data-source="{source_hash(diagrams()[path])}"' in drawn


@pytest.mark.parametrize("diagram", all_diagrams(), ids=lambda one: one.path)
def test_a_screen_reader_is_told_what_a_drawing_shows_and_where_its_text_is(diagram: Diagram):
    drawn = etree.parse(DOCS / diagram.path).getroot()
    names = {str(one.get("id")): one.text for one in drawn if one.tag.endswith(("}title", "}desc"))}

    assert names[drawn.get("aria-labelledby")] == diagram.title
    assert diagram.page in names[drawn.get("aria-describedby")]
