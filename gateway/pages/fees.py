"""`/fees/pay/<number>` and `/fees/status/<number>`: sends a browser to pay a fee, and shows the payment's status.

Both are opened by a link that is good for an hour, need no script, and show nothing of the person.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.fees.fee_enquiries import enquire
from actions.fees.fees import linked_order, page_link, payment_form
from actions.kernel import Environment
from domain.fees.fees import FeeOrder
from domain.fees.words import fee_state_text
from domain.kernel import ErrorCode, Problem
from gateway.pages.refusals import problem_page
from gateway.pages.rendering import language_of, pages_of
from integrations.browser_returns import PaymentForm
from integrations.calling.errors import Unavailable
from schema.kernel.errors import problem_of
from store.applications import applications
from store.database import StoreError

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
        self, page: Callable[[Request], Awaitable[Response | None]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The page, or the page that says why there is none."""

        async def answer(request: Request) -> Response:
            try:
                response = await page(request)
            except (Unavailable, StoreError) as away:
                return problem_page(pages_of(request), request, problem_of(away), 503)
            return response or problem_page(pages_of(request), request, Problem(ErrorCode.NOT_FOUND), 404)

        return answer

    async def pay(self, request: Request) -> Response | None:
        """Send the browser on to pay; to the other page where the order is settled."""
        order = await self._find_order(request, "pay")
        if order is None:
            return None
        form = await payment_form(self._environment, order)
        if form is None:
            return RedirectResponse(page_link(self._environment, order, "status"), 303)
        return await self._order_page(request, order, form=form)

    async def status(self, request: Request) -> Response | None:
        """How the order stands; the source is asked where it may be."""
        order = await self._find_order(request, "status")
        if order is None:
            return None
        order = await enquire(self._environment, order) if order.open else order
        again = page_link(self._environment, order, "status") if order.open else None
        return await self._order_page(request, order, again=again)

    async def _find_order(self, request: Request, page: str) -> FeeOrder | None:
        until, signature = (request.query_params.get(name, "") for name in _LINK)
        number = request.path_params["number"]
        return await linked_order(self._environment, page, number, until=until, signature=signature)

    async def _order_page(
        self, request: Request, order: FeeOrder, *, form: PaymentForm | None = None, again: str | None = None
    ) -> HTMLResponse:
        """The payment as it stands, with the way on: to the one who takes the money, or to look again."""
        found = await self._environment.store.read(lambda tx: applications.by_ids(tx, [order.application_id]))
        application = found.get(order.application_id)
        values = {
            "order": order,
            "state": fee_state_text(order, language_of(request).catalogue),
            "form": form,
            "again": again,
            "application": application.number if application else None,
        }
        # The one who takes the money may send the browser on to another page of its own before it asks.
        hosts = frozenset({urlunsplit((*urlsplit(form.url)[:2], "", "", ""))} if form else ())
        return pages_of(request).draw(request, "public/fee.html", values, forms_to=hosts)
