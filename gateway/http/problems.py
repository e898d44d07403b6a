"""Problems of the request itself, found before the graph is executed."""

from collections.abc import Mapping

from domain.kernel import CallerError, ErrorCode, Problem, Remedy


class RequestProblem(CallerError):
    """A request that is answered without the graph, with its HTTP status and further headers of the answer.

    `document` is true where the HTTP request is in order and only the GraphQL document is not: a client
    that names `application/json` then gets the status 200 (GraphQL over HTTP, section 6.4.1).
    """

    def __init__(
        self, status: int, problem: Problem, *, headers: Mapping[str, str] | None = None, document: bool = False
    ) -> None:
        super().__init__(problem, reason=f"{status} {problem.detail or problem.code}")
        self.status = status
        self.headers = dict(headers or {})
        self.document = document


def bad_request(detail: str, status: int = 400, *, headers: Mapping[str, str] | None = None) -> RequestProblem:
    """A problem of the request itself. `detail` is a short code in capitals."""
    return RequestProblem(status, Problem(ErrorCode.BAD_INPUT, detail=detail), headers=headers)


def bad_document(detail: str, code: ErrorCode = ErrorCode.BAD_INPUT) -> RequestProblem:
    """A problem of the GraphQL document."""
    return RequestProblem(400, Problem(code, action=Remedy.CORRECT_INPUT, detail=detail), document=True)
