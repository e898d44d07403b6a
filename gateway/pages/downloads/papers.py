"""`/my/applications/{number}/{paper}.pdf`: acknowledgement, fee receipt, rejection order, pension order, for printing.

For the citizen and for whoever may see the application. Each bears the seal of certificates, made anew at each giving:
the same facts under the same key give the same bytes (ADR 0046).
"""

import asyncio
import base64
import json
from datetime import datetime, time
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.certificates.content import CertificateContent
from actions.certificates.papers import paper_of
from actions.kernel import Environment
from domain.certificates.kinds import Paper
from domain.kernel import IST, TemporarilyUnavailable, not_found
from gateway.documents.authority import Authority, Signer
from gateway.documents.certificate_words import paper_data
from gateway.http.session_auth import reader_of
from gateway.pages.downloads.figures_csv import refusal_response
from gateway.pages.downloads.review_pdf import laid_out
from gateway.pages.downloads.spreadsheets import download_headers
from gateway.pages.rendering import language_of
from schema.kernel.errors import OURS
from store.database import KeyMissing


def paper_routes(environment: Environment, authority: Authority) -> list[Route]:
    """The downloads; one page is laid out at a time. `authority` has the certificate of the seal."""
    turn = asyncio.Semaphore(1)
    path = "/my/applications/{number}/{paper}.pdf"
    return [Route(path, partial(_pdf_response, environment, authority, turn), methods=["GET"])]


async def _pdf_response(env: Environment, authority: Authority, turn: asyncio.Semaphore, request: Request) -> Response:
    language, name = language_of(request), request.path_params["paper"]
    try:
        if name not in set(Paper):
            raise not_found("paper")
        content = await paper_of(env, await reader_of(env, request), request.path_params["number"], Paper(name))
        async with turn:
            pdf = await sealed_paper(content, await _seal(authority), specimen=env.rules.takes_sandboxes)
    except OURS as error:
        return refusal_response(env, request, language, error)
    headers = download_headers(f"{name}-{content.number}.pdf", language)
    return Response(pdf, headers=headers, media_type="application/pdf")


async def _seal(authority: Authority) -> Signer:
    """The key that seals certificates. Raises TemporarilyUnavailable where it or its certificate is not there."""
    try:
        return await asyncio.to_thread(authority.signer, "pdf")
    except KeyMissing:
        raise TemporarilyUnavailable("the seal's certificate is not there") from None


async def sealed_paper(content: CertificateContent, seal: Signer, *, specimen: bool) -> bytes:
    """The PDF of a paper with the seal (PAdES B-B), dated as the paper is, or from when the seal's certificate holds.

    Laid out by a process of its own, which has no key; what it asks to be signed is signed here. Raises as `laid_out`,
    and HolderFailed.
    """
    issued_at = datetime.combine(content.issued_on, time(0, 0), tzinfo=IST)
    moment = max(issued_at, seal.chain[0].not_valid_before_utc)
    wanted = {"chain": seal.chain_pem.decode(), "moment": moment.isoformat(), "reason": content.service.en}
    prepared = json.loads(await laid_out(paper_data(content, specimen=specimen or seal.test) | {"seal": wanted}))
    pdf, place = base64.b64decode(prepared["pdf"]), prepared["place"]
    signature = (await asyncio.to_thread(seal.sign, base64.b64decode(prepared["signed"]))).hex().upper().encode()
    return pdf[:place] + signature + pdf[place + len(signature) :]
