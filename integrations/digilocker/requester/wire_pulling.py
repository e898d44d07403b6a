"""The wire format of issuers, their doctypes and parameters, and of a pull; pure.

Source: docs/contracts/digilocker.md sections 4.2, 4.3.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from integrations.calling.answers import read_json, read_object
from integrations.calling.errors import Unreadable
from integrations.calling.remote import Answer
from integrations.digilocker.requester import wire
from integrations.digilocker.requester.models import PullDoctype, Pulled, PullIssuer, PullParameter, PullState

T = TypeVar("T")
MOST_ROWS = 20_000
_NO_FAILURES = {"uri_exists": PullState.ALREADY_THERE, "pull_response_pending": PullState.PENDING}


def read_issuers(answer: Answer) -> tuple[PullIssuer, ...]:
    """The issuers; the name of the category differs between the specifications."""

    def row(item: Mapping[str, Any]) -> PullIssuer:
        return PullIssuer(
            org_id=_required_text(item, "orgid"),
            issuer_id=wire.text(item, "issuerid"),
            name=wire.text(item, "name"),
            category=wire.text(item, "category") or wire.text(item, "categories"),
            description=wire.text(item, "description"),
        )

    return _rows(read_object(answer.content).get("issuers"), row)


def read_doctypes(answer: Answer) -> tuple[PullDoctype, ...]:
    """The kinds of documents of one issuer."""

    def row(item: Mapping[str, Any]) -> PullDoctype:
        return PullDoctype(_required_text(item, "doctype"), wire.text(item, "description"))

    return _rows(read_object(answer.content).get("documents"), row)


def read_parameters(answer: Answer) -> tuple[PullParameter, ...]:
    """The parameters: a bare list in the older specification, below `parameters` in 2.4."""

    def row(item: Mapping[str, Any]) -> PullParameter:
        return PullParameter(
            name=_required_text(item, "paramname"),
            label=wire.text(item, "label"),
            example=wire.text(item, "example"),
            values=_values(item.get("valuelist")),
        )

    try:
        body = read_json(answer.content)
    except ValueError as error:
        raise Unreadable("not_json") from error
    return _rows(body.get("parameters") if isinstance(body, dict) else body, row)


def read_pulled(answer: Answer) -> Pulled:
    """The outcome of a pull: that it is there already or comes later is no failure. Raises Unreadable without a URI."""
    found = _NO_FAILURES.get(wire.error_code(answer) or "") if answer.status == 400 else None
    if found is not None:
        return Pulled(found)
    wire.judge(answer)
    uri = wire.text(read_object(answer.content), "uri")
    if not wire.is_uri(uri):
        raise Unreadable("pull_answer")
    return Pulled(PullState.PULLED, uri)


def _rows(items: Any, row: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...]:
    if not isinstance(items, list) or len(items) > MOST_ROWS:
        raise Unreadable("pull_list")
    if not all(isinstance(item, dict) for item in items):
        raise Unreadable("pull_item")
    return tuple(dict.fromkeys(row(item) for item in items))


def _required_text(item: Mapping[str, Any], name: str) -> str:
    value = wire.text(item, name)
    if not value:
        raise Unreadable("pull_item")
    return value


def _values(given: Any) -> tuple[str, ...]:
    """The choices of a parameter, a list or a text with commas; the form is not documented (INFERRED)."""
    parts = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
    return tuple(str(part).strip() for part in parts if str(part).strip())
