"""Masks numbers that identify people, so that only the last digits show."""

import re

from stdnum.in_ import aadhaar

from domain.kernel.text import latin_digits

_TWELVE_DIGITS = re.compile(r"(?<!\d)(?=(\d{4}[ -]?\d{4}[ -]?\d{4})(?!\d))")
"""Looks ahead only, so that a number is found behind digits that are none: `1234 2345 6789 0124`."""


def mask_mobile(mobile: str) -> str:
    """A ten-digit mobile with its middle hidden: 98xxxxxx78."""
    return f"{mobile[:2]}xxxxxx{mobile[-2:]}" if len(mobile) >= 10 else "x" * len(mobile)


def mask_email(address: str) -> str:
    """An e-mail address of whose name only the first letter is shown: axxxx@citizen.example."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}xxxx@{host}"


def mask_account(account: str) -> str:
    """A bank account with only its last four digits shown."""
    return "x" * max(len(account) - 4, 0) + account[-4:]


def account_of_last4(last4: str | None) -> str | None:
    """A bank account of which no more than the last four digits are kept: XXXX5678; None where none is known."""
    return f"XXXX{last4}" if last4 else None


def holds_aadhaar(text: str) -> bool:
    """Whether a valid Aadhaar number is in a text."""
    return bool(_numbers(text))


def mask_aadhaar_in(text: str) -> str:
    """Hide every valid Aadhaar number in a text but for its last four digits; of two that overlap, those of the last.

    What is left is looked through again: last digits and the digits behind them must not read as a number either.
    """
    while found := _numbers(text):
        text = _mask_numbers(text, found)
    return text


def _numbers(text: str) -> list[tuple[int, int]]:
    """Where valid numbers are; overlapping ones are merged."""
    merged: list[tuple[int, int]] = []
    for match in _TWELVE_DIGITS.finditer(text):
        start, end = match.span(1)
        if not aadhaar.is_valid(_digits(match[1])):
            continue
        if merged and start < merged[-1][1]:
            start = merged.pop()[0]
        merged.append((start, end))
    return merged


def _mask_numbers(text: str, found: list[tuple[int, int]]) -> str:
    parts, behind = [], 0
    for start, end in found:
        parts += [text[behind:start], f"XXXX XXXX {_digits(text[start:end])[-4:]}"]
        behind = end
    return "".join([*parts, text[behind:]])


def _digits(text: str) -> str:
    return latin_digits(re.sub(r"\D", "", text))
