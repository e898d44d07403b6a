"""Makes CSV files safe for spreadsheet programs: byte order mark, and no formulas in cells."""

BYTE_ORDER_MARK = "\ufeff"
"""By which a spreadsheet program knows that a CSV file is in UTF-8."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: a text that begins like it gets an apostrophe in front.

    A number stays one, also below zero, so that it can be added up.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int) else text
