"""Checks what people write into the fields of a form."""

from domain.kernel.errors import ErrorCode, Problem, Problems
from domain.kernel.masks import mask_aadhaar_in


def written_text(text: str | None, *path: str, longest: int, required: bool = True) -> str | None:
    """What somebody wrote, with Aadhaar numbers masked; None for nothing.

    Raises Problems: REASON_REQUIRED where there must be something, BAD_INPUT for more characters than `longest`.
    """
    written = (text or "").strip()
    if required and not written:
        sentence = None if path[-1:] == ("reason",) else "lacking.text"
        raise Problems(Problem(ErrorCode.REASON_REQUIRED, path, sentence=sentence))
    if len(written) > longest:
        raise Problems(Problem(ErrorCode.BAD_INPUT, path, params={"longest": str(longest)}))
    return mask_aadhaar_in(written) or None


def short_word(text: str, *path: str, longest: int) -> str:
    """A number or name that must be there; raises Problems(BAD_INPUT) for nothing, or more characters than that."""
    written = text.strip()
    if not 1 <= len(written) <= longest:
        raise Problems(Problem(ErrorCode.BAD_INPUT, path, params={"longest": str(longest)}))
    return written
