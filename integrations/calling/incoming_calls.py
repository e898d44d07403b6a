"""What the endpoints that outside systems call share: bodies within their limit, answers, refusals."""

from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from integrations.calling.answers import AnswerModel

NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""The headers of every answer that is nobody else's."""


def json_answer(told: AnswerModel, status: int = 200) -> Response:
    """An answer that is nobody else's."""
    return Response(told.to_json(), status, NO_STORE, "application/json")


class TooLarge(Exception):
    """The body of a request is over its limit."""


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body. Raises TooLarge as soon as it is over the limit, ClientDisconnect where the caller left early."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


class CallRefused(Exception):
    """A request that is not taken; `more` stands in the answer beside the code."""

    def __init__(self, status: int, code: str, *, wait: int | None = None, **more: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.wait, self.more = status, code, wait, more


async def plain_body(request: Request, limit: int) -> bytes:
    """The raw body; raises CallRefused where it is too large, packed, or where the caller left before its end."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise CallRefused(415, "BAD_ENCODING")
    try:
        return await read_body(request, limit)
    except TooLarge:
        raise CallRefused(413, "TOO_LARGE") from None
    except ClientDisconnect:
        raise CallRefused(400, "BAD_FIELD", field="body") from None
