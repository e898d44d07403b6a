"""Requests that the edge refuses before the graph is executed."""

from collections.abc import Mapping

from domain.kernel import ErrorCode, Remedy
from schema.kernel.errors import Fault


class Refusal(Exception):
    """Carries the HTTP status, the coded fault and further headers of the answer.

    `document` is true where the HTTP request is in order and only the GraphQL document is not: a client
    that names `application/json` then gets the status 200 (GraphQL over HTTP, section 6.4.1).
    """

    def __init__(
        self, status: int, fault: Fault, *, headers: Mapping[str, str] | None = None, document: bool = False
    ) -> None:
        super().__init__(f"{status} {fault.detail or fault.code}")
        self.status = status
        self.fault = fault
        self.headers = dict(headers or {})
        self.document = document


def bad_request(detail: str, status: int = 400, *, headers: Mapping[str, str] | None = None) -> Refusal:
    """A refusal of the request itself. `detail` is a short code in capitals."""
    return Refusal(status, Fault(ErrorCode.BAD_INPUT, detail=detail), headers=headers)


def bad_document(detail: str, code: ErrorCode = ErrorCode.BAD_INPUT) -> Refusal:
    """A refusal of the GraphQL document."""
    return Refusal(400, Fault(code, Remedy.CORRECT_INPUT, detail=detail), document=True)
