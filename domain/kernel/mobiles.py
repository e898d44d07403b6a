"""Parses Indian mobile numbers as people write them."""

import re

from domain.kernel.text import latin_digits


def mobile_digits(text: str) -> str | None:
    """The ten digits of an Indian mobile number, or None where the text is not one."""
    digits = re.sub(r"\D", "", latin_digits(text))
    if len(digits) not in (10, 11, 12) or digits[:-10] not in ("", "0", "91"):
        return None
    return digits[-10:] if digits[-10] in "6789" else None
