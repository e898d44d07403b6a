"""Masks for numbers that identify people; only the last digits ever show."""

import re

from stdnum.in_ import aadhaar

from domain.text import latin_digits

_TWELVE_DIGITS = re.compile(r"(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)")


def mask_mobile(mobile: str) -> str:
    """A ten-digit mobile with its middle hidden: 98xxxxxx78."""
    return f"{mobile[:2]}xxxxxx{mobile[-2:]}" if len(mobile) >= 10 else "x" * len(mobile)


def mask_account(account: str) -> str:
    """A bank account with only its last four digits shown."""
    return "x" * max(len(account) - 4, 0) + account[-4:]


def holds_aadhaar(text: str) -> bool:
    """Whether a valid Aadhaar number is in a text."""
    return mask_aadhaar_in(text) != text


def mask_aadhaar_in(text: str) -> str:
    """Hide every valid Aadhaar number in a text but for its last four digits."""

    def hide(match: re.Match[str]) -> str:
        digits = latin_digits(re.sub(r"\D", "", match.group()))
        return f"XXXX XXXX {digits[-4:]}" if aadhaar.is_valid(digits) else match.group()

    return _TWELVE_DIGITS.sub(hide, text)
