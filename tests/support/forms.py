"""Small forms for tests, and the forms that come with the gateway."""

import json
from functools import cache
from typing import Any

from demo.seed.forms import filled_in
from domain.catalogue.form_reading import COMMON, read_common, read_form
from domain.catalogue.forms import Form
from domain.kernel import SystemClock, ist_date
from tests.support.state import form_files

LABEL = {"hi": "प्रश्न", "en": "Question"}


@cache
def own_forms() -> dict[str, Form]:
    """The forms of the default state by name."""
    files = form_files()
    common = read_common(files[COMMON])
    return {name.removesuffix(".json"): read_form(files[name], common) for name in files if name != COMMON}


def answers_of(name: str, **changes: str) -> list[dict[str, str]]:
    """What an app hands in for a form of ours, right on the day of today; `changes` replace answers."""
    filled = filled_in(own_forms()[name], {}, ist_date(SystemClock().now()))
    return [{"name": question, "value": value} for question, value in {**filled, **changes}.items()]


def text(**more: Any) -> dict[str, Any]:
    """A question that takes a short text."""
    return {"type": "string", "maxLength": 20, "x-label": LABEL, **more}


def number(**more: Any) -> dict[str, Any]:
    """A question that takes a whole number."""
    return {"type": "integer", "minimum": 0, "maximum": 1000, "x-label": LABEL, **more}


def document(questions: dict[str, Any] | None = None, **schema: Any) -> dict[str, Any]:
    """A form file that is right: one text that must be answered, unless told otherwise."""
    properties = questions or {"village": text()}
    return {
        "form": "small",
        "services": [],
        "codeSource": "LOCAL",
        "verified": "no",
        "source": "a test",
        "schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "additionalProperties": False,
            "x-label": LABEL,
            "x-sections": [{"key": "all", "x-label": LABEL, "fields": list(properties)}],
            "properties": properties,
            "examples": [{}],
            **schema,
        },
    }


def octets(read: dict[str, Any]) -> bytes:
    """The file of a document."""
    return json.dumps(read, ensure_ascii=False).encode()


def small(questions: dict[str, Any] | None = None, **schema: Any) -> Form:
    """The form of `document`."""
    return read_form(octets(document(questions, **schema)))
