"""An outside system's answer: status, headers, body, and its Retry-After."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower-case; `content` is the raw body as sent."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    at: datetime

    @property
    def media_type(self) -> str:
        """The content type without parameters, lower-case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_json(content: bytes) -> Any:
    """What a body says in JSON. Raises ValueError, also where it nests deeper than can be read."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deep") from None


def retry_after_seconds(answer: Answer) -> float | None:
    """The Retry-After header in seconds, in either of its forms (RFC 9110 section 10.2.3); None if unusable."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - answer.at).total_seconds()) if text else None
    except (TypeError, ValueError):
        return None
