"""Money as an integer number of paise in Indian rupees, never a float."""

from decimal import Decimal

from babel.numbers import format_decimal

LARGEST_PAISE = 2**53 - 1
"""The largest amount a JSON number carries exactly."""


def paise_from_rupees(text: str) -> int:
    """Read rupees with at most two decimals into paise; raises ValueError."""
    amount = Decimal(text) * 100
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) > LARGEST_PAISE:
        raise ValueError("an amount in rupees with at most two decimals is needed")
    return int(amount)


def shown_rupees(paise: int) -> str:
    """Paise in rupees as people read them: ₹1,14,000, with paise where there are any."""
    shown = "₹#,##,##0.00" if paise % 100 else "₹#,##,##0"
    return str(format_decimal(Decimal(paise) / 100, shown, locale="en_IN"))


def rupees(paise: int) -> str:
    """Paise as rupees with two decimals, as PFMS and JIT messages write them."""
    sign, paise = ("-", -paise) if paise < 0 else ("", paise)
    return f"{sign}{paise // 100}.{paise % 100:02d}"
