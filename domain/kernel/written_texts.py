"""Checks what people write into the fields of a form."""

from domain.kernel.errors import ErrorCode, Problem, Problems
from domain.kernel.hidden_characters import hidden_character
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
