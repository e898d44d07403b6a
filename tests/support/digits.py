"""Numbers as people key them in Hindi."""

from domain.kernel.text import DEVANAGARI_DIGITS

_TO_DEVANAGARI = str.maketrans("0123456789", DEVANAGARI_DIGITS)


def devanagari_digits(text: str) -> str:
    """Latin digits turned into Devanagari ones."""
    return text.translate(_TO_DEVANAGARI)
