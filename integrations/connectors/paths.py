"""The paths by which a connector's file names parts of an answer (docs/connectors.md section 4).

`a.b`, `"odd name"`, `[0]`, `[]` (once), `[key=value]`, `@attr`: at most twelve steps, no functions, no search. One path
reads JSON and XML, where names are local names and one element reads as many. It is compiled once, and its cost is
bounded by the nodes that it passes.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.calling import safe_xml
from integrations.connectors.faults import RuleBroken

MOST_STEPS = 12
LONGEST_PATH = 200

_NAME = re.compile(r'([A-Za-z_\u0900-\u097f][\w\u0900-\u097f$:-]*)|"([^"\x00-\x1f]{1,80})"')
_BRACKET = re.compile(r"\[(?:(\d{1,4})|([A-Za-z_][\w-]*)=([^\[\]\"]{0,80})|)\]")
_ATTRIBUTE = re.compile(r"@([A-Za-z_][\w-]*)")


class Missing:
    """The value of a path that leads to nothing, which is not the same as null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Name:
    """A member by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """An item of a list by its place, from 0."""

    place: int


@dataclass(frozen=True, slots=True)
class Every:
    """Every item of a list."""


@dataclass(frozen=True, slots=True)
class Where:
    """The first item whose member is this text."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an XML element."""

    name: str


Step = Name | Index | Every | Where | Attribute
Finder = Callable[[Any], Any]
"""Finds a part of a node: MISSING where there is none, a list where the path has `[]`."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path in its steps."""

    text: str
    steps: tuple[Step, ...]

    @property
    def member(self) -> str | None:
        """The name of the one member that it leads to; None for a longer path."""
        return self.steps[0].name if len(self.steps) == 1 and isinstance(self.steps[0], Name) else None

    @property
    def is_list(self) -> bool:
        """Whether it leads to many values."""
        return Every() in self.steps


def parse_path(text: str) -> Path:
    """The steps of a path; the empty one leads to the whole. Raises RuleBroken."""
    if len(text) > LONGEST_PATH:
        raise RuleBroken(f"a path is longer than {LONGEST_PATH} characters", "Name a part nearer to the top.")
    steps: list[Step] = []
    at = 0
    while at < len(text):
        step, at = _step(text, at, first=not steps)
        steps.append(step)
    if len(steps) > MOST_STEPS:
        raise RuleBroken(f"the path `{text}` has more than {MOST_STEPS} steps", "Use `at` for the part that all share.")
    if steps.count(Every()) > 1:
        raise RuleBroken(f"the path `{text}` has `[]` twice", "Read the inner list by a field of its own.")
    if any(isinstance(step, Attribute) for step in steps[:-1]):
        raise RuleBroken(f"in the path `{text}` something follows an attribute", "End the path with it.")
    return Path(text, tuple(steps))


def _step(text: str, at: int, *, first: bool) -> tuple[Step, int]:
    if (found := _BRACKET.match(text, at)) is not None:
        if found[1] is not None:
            return Index(int(found[1])), found.end()
        return (Every() if found[2] is None else Where(found[2], found[3])), found.end()
    if not first:
        if text[at] != ".":
            raise _not_a_path(text, at)
        at += 1
    if (found := _ATTRIBUTE.match(text, at)) is not None:
        return Attribute(found[1]), found.end()
    if (found := _NAME.match(text, at)) is not None:
        return Name(found[1] or found[2]), found.end()
    raise _not_a_path(text, at)


def _not_a_path(text: str, at: int) -> RuleBroken:
    return RuleBroken(
        f"`{text[:60]}` is not a path at its character {at + 1}",
        'A path has the parts `name`, `"odd name"`, `[0]`, `[]`, `[key=value]` and `@attribute`, joined by dots.',
    )


def compile_path(path: Path, *, xml: bool = False) -> Finder:
    """What finds the path's part in a node of JSON, or in an element."""
    for place, step in enumerate(path.steps):
        if isinstance(step, Every):
            before = _find_one(path.steps[:place], xml=xml)
            return _find_every(before, _find_one(path.steps[place + 1 :], xml=xml), xml=xml)
    return _find_one(path.steps, xml=xml)


def _find_every(before: Finder, behind: Finder, *, xml: bool) -> Finder:
    def find(node: Any) -> Any:
        found = before(node)
        if xml:
            items: Sequence[Any] = [] if found is MISSING else _alike(found)
        elif not isinstance(found, list):
            return MISSING if found is MISSING else WRONG_KIND
        else:
            items = found
        return [behind(item) for item in items]

    return find


class WrongKind(Missing):
    """The value of a path that leads through something that it cannot, such as to a member of a text."""


WRONG_KIND: Final = WrongKind()


def _find_one(steps: Sequence[Step], *, xml: bool) -> Finder:
    finders = [(_in_xml if xml else _in_json)(step) for step in steps]
    if not finders:
        return lambda node: node
    if len(finders) == 1:
        return finders[0]

    def find(node: Any) -> Any:
        for each in finders:
            node = each(node)
            if isinstance(node, Missing):
                return node
        return node

    return find


def _in_json(step: Step) -> Finder:
    match step:
        case Name(name):
            return lambda node: node.get(name, MISSING) if type(node) is dict else _none_of(node)
        case Index(place):
            return lambda node: (
                (node[place] if place < len(node) else MISSING) if type(node) is list else _none_of(node)
            )
        case Where(name, value):
            return lambda node: _first_where(node, name, value) if type(node) is list else _none_of(node)
    return lambda node: WRONG_KIND  # noqa: ARG005 - JSON has no attributes


def _none_of(node: Any) -> Missing:
    """What a step finds in a value that has no parts: nothing in null."""
    return MISSING if node is None else WRONG_KIND


def _first_where(items: list[Any], name: str, value: str) -> Any:
    for item in items:
        if type(item) is dict and str(item.get(name)) == value:
            return item
    return MISSING


def _in_xml(step: Step) -> Finder:
    match step:
        case Name(name):
            return lambda node: _child(node, name)
        case Index(0):
            return lambda node: node
        case Index(place):
            return lambda node: _nth(node, place)
        case Where(name, value):
            return lambda node: _first_element(node, name, value)
        case Attribute(name):
            return lambda node: node.attrib.get(name, MISSING)
    raise AssertionError(step)


def _child(node: safe_xml.Element, name: str) -> Any:
    """The first child of that local name; a path may also begin with the name of the document's root."""
    for each in node:
        tag = each.tag
        if type(tag) is str and (tag == name or tag.rpartition("}")[2] == name):
            return each
    return node if node.getparent() is None and safe_xml.local_name(node) == name else MISSING


def _nth(node: safe_xml.Element, place: int) -> Any:
    found = _alike(node)
    return found[place] if place < len(found) else MISSING


def _alike(node: safe_xml.Element) -> list[safe_xml.Element]:
    """An element and those behind it of the same name."""
    return [node, *node.itersiblings(str(node.tag))]


def _first_element(node: safe_xml.Element, name: str, value: str) -> Any:
    for each in _alike(node):
        found = _child(each, name)
        if found is not MISSING and (safe_xml.text_of(found) or "") == value:
            return each
    return MISSING
