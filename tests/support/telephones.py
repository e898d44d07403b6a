"""What came to a telephone of the demo that runs."""

import re
from typing import Any

_CODE = re.compile(r"\b[0-9]{6}\b")


def texts_to(running: Any, mobile: str) -> list[str]:
    """The texts, the latest first."""
    return list(running.act("sms", "texts", mobile=mobile)["texts"])


def codes_to(running: Any, mobile: str) -> list[str]:
    """Those of them that hold a one-time code."""
    return [text for text in texts_to(running, mobile) if _CODE.search(text)]
