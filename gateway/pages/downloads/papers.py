"""`/my/applications/{number}/{paper}.pdf`: acknowledgement, fee receipt, rejection order, pension order, for printing.

For the citizen and for whoever may see the application. Not signed: the page says where the case can be looked up.
"""

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.certificates.papers import paper_of
from actions.kernel import Environment
from domain.certificates.kinds import Paper
from domain.kernel import not_found
from gateway.documents.certificate_words import paper_data
from gateway.http.session_auth import reader_of
from gateway.pages.downloads.figures_csv import refusal_response
from gateway.pages.downloads.review_pdf import laid_out
from gateway.pages.downloads.spreadsheets import download_headers
from gateway.pages.rendering import language_of
from schema.kernel.errors import OURS


def paper_routes(environment: Environment) -> list[Route]:
    """The downloads; one page is laid out at a time."""
    turn = asyncio.Semaphore(1)
    path = "/my/applications/{number}/{paper}.pdf"
    return [Route(path, partial(_pdf_response, environment, turn), methods=["GET"])]


async def _pdf_response(env: Environment, turn: asyncio.Semaphore, request: Request) -> Response:
    language, name = language_of(request), request.path_params["paper"]
    try:
        if name not in set(Paper):
            raise not_found("paper")
        content = await paper_of(env, await reader_of(env, request), request.path_params["number"], Paper(name))
    except OURS as error:
        return refusal_response(env, request, language, error)
    async with turn:
        pdf = await laid_out(paper_data(content, specimen=env.rules.takes_sandboxes))
    headers = download_headers(f"{name}-{content.number}.pdf", language)
    return Response(pdf, headers=headers, media_type="application/pdf")
