"""Checks what people write into the fields of a form."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.kernel.errors import ErrorCode, Problem, Problems
from domain.kernel.hidden_characters import hidden_character, without_hidden_characters
from domain.kernel.masks import mask_aadhaar_in


def hidden_character_problem(text: str, *path: str) -> Problem | None:
    """TEXT_HIDDEN_CHARACTER with the first character that nobody sees, and its place; None where there is none."""
    found = hidden_character(text)
    if found is None:
        return None
    params = {"place": str(found.place), "character": found.name}
    return Problem(ErrorCode.TEXT_HIDDEN_CHARACTER, path, params=params)


def refuse_hidden_character(text: str, *path: str) -> None:
    """Raise Problems(TEXT_HIDDEN_CHARACTER) where a text has a character that nobody sees."""
    problem = hidden_character_problem(text, *path)
    if problem is not None:
        raise Problems(problem)


def hidden_character_problems(given: Any, *path: str) -> Iterator[Problem]:
    """The same for each text of a value of JSON, and for each name in it."""
    if isinstance(given, str):
        found = hidden_character_problem(given, *path)
        if found is not None:
            yield found
    elif isinstance(given, list):
        for place, one in enumerate(given):
            yield from hidden_character_problems(one, *path, str(place))
    elif isinstance(given, Mapping):
        for name, value in given.items():
            inner = (*path, without_hidden_characters(name))
            yield from hidden_character_problems(name, *inner)
            yield from hidden_character_problems(value, *inner)


def written_text(text: str | None, *path: str, longest: int, required: bool = True) -> str | None:
    """What somebody wrote, with Aadhaar numbers masked; None for nothing.

    Raises Problems: REASON_REQUIRED where there must be something, BAD_INPUT for more characters than `longest`,
    TEXT_HIDDEN_CHARACTER.
    """
    refuse_hidden_character(text or "", *path)
    written = (text or "").strip()
    if required and not written:
        sentence = None if path[-1:] == ("reason",) else "lacking.text"
        raise Problems(Problem(ErrorCode.REASON_REQUIRED, path, sentence=sentence))
    if len(written) > longest:
        raise Problems(Problem(ErrorCode.BAD_INPUT, path, params={"longest": str(longest)}))
    return mask_aadhaar_in(written) or None


def short_word(text: str, *path: str, longest: int) -> str:
    """A number or name that must be there.

    Raises Problems: BAD_INPUT for nothing, or more characters than `longest`, TEXT_HIDDEN_CHARACTER.
    """
    refuse_hidden_character(text, *path)
    written = text.strip()
    if not 1 <= len(written) <= longest:
        raise Problems(Problem(ErrorCode.BAD_INPUT, path, params={"longest": str(longest)}))
    return written
