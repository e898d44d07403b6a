"""Refuses the texts of a mutation's input in which there is a character that nobody sees."""

import dataclasses
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

from strawberry.utils.str_converters import to_camel_case

from domain.kernel import Problem, Problems, hidden_character_problem

MOST_PROBLEMS = 20
"""Problems that are reported of one input."""

Path: TypeAlias = tuple[str, ...]
_NAMED = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,99}")


def refuse_hidden_text(given: Any, path: Path) -> None:
    """Raise Problems with TEXT_HIDDEN_CHARACTER at each text of the input that lies at the path."""
    found = tuple(islice(_problems(given, path), MOST_PROBLEMS))
    if found:
        raise Problems(*found)


def _problems(given: Any, path: Path) -> Iterator[Problem]:
    if isinstance(given, str):
        found = hidden_character_problem(given, *path)
        if found is not None:
            yield found
    elif isinstance(given, list):
        for place, one in enumerate(given):
            yield from _problems_of_item(one, path, place)
    elif dataclasses.is_dataclass(given):
        for field in dataclasses.fields(given):
            yield from _problems(getattr(given, field.name), (*path, to_camel_case(field.name)))


def _problems_of_item(given: Any, path: Path, place: int) -> Iterator[Problem]:
    """Those of an item of a list: an answer to a form is named by its question, as the checks of forms name it."""
    name = getattr(given, "name", None)
    if hasattr(given, "value") and isinstance(name, str) and _NAMED.fullmatch(name):
        yield from _problems(given.value, (*path, *name.split(".")))
    else:
        yield from _problems(given, (*path, str(place)))
