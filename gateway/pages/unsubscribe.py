"""`/u/<name>`: stops mails by one click of a mail program (RFC 8058), or by the button of the page that GET shows.

A GET changes nothing, since scanners follow links; the POST wants neither session nor cookie and redirects nowhere.
"""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from actions.feedback.email_carrier import STOP, message_named
from actions.feedback.mail_returns import stop_mails
from actions.kernel import Environment
from domain.kernel import ErrorCode, Problem
from gateway.pages.refusals import problem_page
from gateway.pages.rendering import pages_of
from integrations.email import ONE_CLICK
from schema.kernel.errors import problem_of
from store.database import StoreError


def unsubscribe_routes(environment: Environment) -> list[Route]:
    """The one route."""

    async def answer(request: Request) -> Response:
        try:
            return await _stop(environment, request)
        except StoreError as away:
            return problem_page(pages_of(request), request, problem_of(away), 503)

    return [Route("/u/{name}", answer, methods=["GET", "POST"])]


async def _stop(environment: Environment, request: Request) -> Response:
    name, posted = request.path_params["name"], request.method == "POST"
    if posted:
        form = await request.form(max_files=0, max_fields=5)
        if form.get(ONE_CLICK[0]) != ONE_CLICK[1]:
            return problem_page(pages_of(request), request, Problem(ErrorCode.BAD_INPUT), 400)
        found = await stop_mails(environment, name)
    else:
        found = await message_named(environment, name, STOP) is not None
    if not found:
        return problem_page(pages_of(request), request, Problem(ErrorCode.NOT_FOUND), 404)
    return _page(request, done=posted)


def _page(request: Request, *, done: bool) -> HTMLResponse:
    return pages_of(request).draw(request, "public/unsubscribe.html", {"done": done, "pair": ONE_CLICK}, person=None)
