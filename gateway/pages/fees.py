"""`/fees/pay/<number>` and `/fees/status/<number>`: sends a browser to pay a fee, and shows the payment's status.

Both are opened by a link that is good for an hour, need no script, and show nothing of the person.
"""

from collections.abc import Awaitable, Callable
from html import escape
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.fees.fee_enquiries import enquire
from actions.fees.fees import linked_order, page_link, payment_form
from actions.kernel import Environment
from domain.fees.fees import FeeOrder
from domain.fees.words import fee_state_text
from domain.kernel import IST, ErrorCode, Language, rupees, show_number
from domain.kernel.messages import Texts, message
from gateway.pages.frame import respond, say, table
from gateway.pages.rendering import language_of
from integrations.browser_returns import PaymentForm
from integrations.calling.errors import Unavailable
from store.database import StoreError

_TEXTS = Texts("page.fees")

_LINK = ("until", "signature")


def fee_routes(environment: Environment) -> list[Route]:
    """The two pages."""
    pages = _Pages(environment)
    return [
        Route("/fees/pay/{number}", pages.page_endpoint(pages.pay), methods=["GET"]),
        Route("/fees/status/{number}", pages.page_endpoint(pages.status), methods=["GET"]),
    ]


class _Pages:
    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def page_endpoint(
        self, page: Callable[[Request, Language], Awaitable[Response | None]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The page, or the page that says why there is none."""

        async def answer(request: Request) -> Response:
            language = language_of(request)
            try:
                response = await page(request, language)
            except Unavailable as away:
                return _error_page(request, language, away.error_code, 503)
            except StoreError:
                return _error_page(request, language, ErrorCode.OVERLOADED, 503)
            return response or _error_page(request, language, ErrorCode.NOT_FOUND, 404)

        return answer

    async def pay(self, request: Request, language: Language) -> Response | None:
        """Send the browser on to pay; to the other page where the order is settled."""
        order = await self._find_order(request, "pay")
        if order is None:
            return None
        form = await payment_form(self._environment, order)
        if form is None:
            return RedirectResponse(page_link(self._environment, order, "status"), 303)
        return _payment_page(request, language, order, form)

    async def status(self, request: Request, language: Language) -> Response | None:
        """How the order stands; the source is asked where it may be."""
        order = await self._find_order(request, "status")
        if order is None:
            return None
        order = await enquire(self._environment, order) if order.open else order
        body = _status_body(self._environment, order, language)
        return respond(request, language, _TEXTS.title, body)

    async def _find_order(self, request: Request, page: str) -> FeeOrder | None:
        until, signature = (request.query_params.get(name, "") for name in _LINK)
        number = request.path_params["number"]
        return await linked_order(self._environment, page, number, until=until, signature=signature)


def _payment_page(request: Request, language: Language, order: FeeOrder, form: PaymentForm) -> HTMLResponse:
    """The form of the one who takes the money; the policy of the page lets it go there and nowhere else."""
    shown = language.catalogue
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in form.fields.items()
    )
    body = (
        f"{_rows(order, language)}\n"
        f'<form method="post" action="{escape(form.url)}" class="ask">\n{hidden}\n'
        f"<p><button>{say(_TEXTS.go, shown)}</button></p>\n</form>"
    )
    there = urlsplit(form.url)
    # The one who takes the money may send the browser on to another page of its own before it asks.
    return respond(request, language, _TEXTS.title, body, forms_to=frozenset({f"{there.scheme}://{there.netloc}"}))


def _status_body(environment: Environment, order: FeeOrder, language: Language) -> str:
    shown = language.catalogue
    body = _rows(order, language)
    if order.open:
        again = escape(page_link(environment, order, "status"))
        body += f'\n<p class="plain">{say(_TEXTS.close, shown)}</p>'
        body += f'\n<p class="links"><a href="{again}">{say(_TEXTS.again, shown)}</a></p>'
    return body


def _rows(order: FeeOrder, language: Language) -> str:
    receipt, shown = order.receipt, language.catalogue
    confirmed = order.confirmed_at.astimezone(IST).strftime("%d-%m-%Y %H:%M") if order.confirmed_at else None
    values = {
        "payment_number": show_number(order.number),
        "amount": rupees(order.total_paise),
        "amount_that_came": None if order.taken_paise is None else rupees(order.taken_paise),
        "state": fee_state_text(order, shown),
        "receipt_grn": receipt.grn if receipt else None,
        "challan": receipt.challan_no if receipt else None,
        "cin": receipt.cin if receipt else None,
        "confirmed_at": confirmed,
    }
    return table([[say(_TEXTS[f"rows.{name}"], shown), escape(value)] for name, value in values.items() if value])


def _error_page(request: Request, language: Language, code: ErrorCode, status: int) -> HTMLResponse:
    said, shown = escape(message(code, language)), f'<code id="code">{code.value}</code>'
    return respond(request, language, _TEXTS.title, f'<p class="bad" role="alert">{said}</p><p>{shown}</p>', status)
