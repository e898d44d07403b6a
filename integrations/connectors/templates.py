"""Texts of a connector's file with holes, such as `/tokens/{ticket}.json`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.connectors.faults import RuleBroken

_HOLE = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text in its parts: literals at even places, the names of holes between them."""

    text: str
    parts: tuple[str, ...]

    @property
    def holes(self) -> tuple[str, ...]:
        """The names of its holes."""
        return self.parts[1::2]

    @property
    def is_lone_hole(self) -> bool:
        """Whether it is one hole and nothing else, so that a null drops the member."""
        return len(self.parts) == 3 and not self.parts[0] and not self.parts[2]

    def fill(self, values: Mapping[str, Any], encode: Callable[[Any], str]) -> str | None:
        """The text; None where a hole has no value."""
        if len(self.parts) == 1:
            return self.text
        found = list(self.parts)
        for place in range(1, len(found), 2):
            value = values.get(found[place])
            if value is None:
                return None
            found[place] = encode(value)
        return "".join(found)


def parse_template(text: str) -> Template:
    """The parts of a text. Raises RuleBroken for a brace that is no hole."""
    parts = tuple(_HOLE.split(text))
    if any("{" in literal or "}" in literal for literal in parts[::2]):
        raise RuleBroken(f"`{text[:60]}` has a brace that is no hole", "Write a hole as `{name}` or `{name.part}`.")
    return Template(text, parts)
