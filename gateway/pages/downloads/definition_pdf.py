"""`/staff/definitions/{id}/certificate.pdf`: the certificate of a definition as people will see it, with made-up data.

For those who administer the department. It says in both languages that it is a specimen, and is not signed.
"""

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.catalogue.definition_drafts import definitions_of, previews_of
from actions.catalogue.definitions import Examined
from actions.certificates.content import CertificateContent
from actions.certificates.specimens import specimen_of
from actions.kernel import Environment
from domain.kernel import ist_date, not_found
from gateway.documents.certificate_words import preview_data
from gateway.http.session_auth import reader_of
from gateway.pages.downloads.figures_csv import refusal_response
from gateway.pages.downloads.review_pdf import laid_out
from gateway.pages.downloads.spreadsheets import download_headers
from gateway.pages.rendering import language_of
from schema.kernel.errors import OURS
from store.catalogue import catalogue
from store.database import Transaction


def definition_pdf_routes(environment: Environment) -> list[Route]:
    """The download."""
    turn = asyncio.Semaphore(1)
    path = "/staff/definitions/{id}/certificate.pdf"
    return [Route(path, partial(_pdf_response, environment, turn), methods=["GET"])]


async def specimen_content(env: Environment, examined: Examined, tx: Transaction) -> CertificateContent | None:
    """What the certificate of a definition would say; None where its service ends in none."""
    service = examined.service
    departments = {one.slug: one.name for one in await catalogue.departments(tx)}
    department = departments.get(service.department or "", service.name)
    today = ist_date(env.clock.now())
    kinds = env.rules.certificate_kinds
    return specimen_of(service, examined.form, department, today=today, public_url=env.public_url, kinds=kinds)


async def _pdf_response(env: Environment, turn: asyncio.Semaphore, request: Request) -> Response:
    language, key = language_of(request), request.path_params["id"]
    try:
        drafts = await definitions_of(env, await reader_of(env, request))
        if key not in {one.id for one in drafts}:
            raise not_found("id")
        async with env.store.read_transaction() as tx:
            examined = (await previews_of(env, tx, [key])).get(key)
            content = await specimen_content(env, examined, tx) if examined else None
        if content is None:
            raise not_found("id")
    except OURS as error:
        return refusal_response(env, request, language, error)
    async with turn:
        pdf = await laid_out(preview_data(content))
    return Response(pdf, headers=download_headers("certificate-preview.pdf", language), media_type="application/pdf")
