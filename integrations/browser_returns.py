"""What the payment providers share: the form that a browser submits, and the endpoint of its return.

What a browser brings is a hint and nothing more; the one who takes the money is asked before anything is marked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from domain.kernel import TemporarilyUnavailable
from integrations.calling.errors import Garbled
from integrations.calling.incoming_calls import NO_STORE, TooLarge, read_body

BODY_LIMIT = 16_384
"""Bytes of what a browser brings back; a sealed message has less than two thousand."""
RETRY_SECONDS = 30
_NO_STORE = {**NO_STORE, "Referrer-Policy": "no-referrer"}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PaymentForm:
    """What a browser posts to pay: the address and the hidden fields."""

    url: str
    fields: Mapping[str, str] = field(repr=False)


class Returns(Protocol):
    """The protocol of a receiver of browser returns from payment."""

    async def take(self, reference: str, message: bytes) -> str | None:
        """Keep the words and ask the taker of the money itself; where to send the browser, None for no order of ours.

        Raises TemporarilyUnavailable where the store cannot be reached.
        """


def return_route(path: str, field_name: str, opened: Callable[[str], str], returns: Returns, *, log: str) -> Route:
    """The endpoint of a browser's return with an encrypted message in a form field.

    `opened` gives the order that a message is about and raises Garbled for one that is not the taker's; `log` is the
    line that tells of it. It needs no session: the browser comes from another site, without our cookie.
    """

    async def come_back(request: Request) -> Response:
        message = await _returned_field(request, field_name) or ""
        try:
            reference = opened(message)
        except Garbled as error:
            _log.info(log, code=error.code)
            return _decline_response(400, "BAD_MESSAGE")
        return await _sent_on(returns, reference, message)

    return Route(path, come_back, methods=["POST"])


async def _returned_field(request: Request, name: str) -> str | None:
    """The field of a posted form; None for a body that is too large, cut short, no form, or names it twice."""
    try:
        body = await read_body(request, BODY_LIMIT)
        found = parse_qs(body.decode("ascii"), max_num_fields=20).get(name, [])
    except (TooLarge, ClientDisconnect, ValueError):
        return None
    return found[0] if len(found) == 1 else None


async def _sent_on(returns: Returns, reference: str, message: str) -> Response:
    """Hand the message over and redirect the browser to the page with the status."""
    try:
        address = await returns.take(reference, message.encode())
    except TemporarilyUnavailable:
        return _decline_response(503, "UNAVAILABLE", wait=RETRY_SECONDS)
    return _decline_response(404, "NOT_FOUND") if address is None else RedirectResponse(address, 303, headers=_NO_STORE)


def _decline_response(status: int, code: str, wait: int | None = None) -> Response:
    """A refusal, by its code alone."""
    headers = _NO_STORE if wait is None else {**_NO_STORE, "Retry-After": str(wait)}
    return JSONResponse({"code": code}, status, headers)
