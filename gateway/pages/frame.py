"""Parts of pages that are written in Python: the font, posted forms, tables, and the frame around a body."""

import gzip
from collections.abc import Mapping
from functools import cache
from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel import Bilingual, Language
from domain.kernel.messages import Texts
from gateway.graphiql.page import STATIC
from gateway.http.headers import EVERY_ANSWER, media_type_of
from gateway.pages.rendering import language_of, pages_of
from integrations.calling.incoming_calls import TooLarge, read_body

_TEXTS = Texts("page.frame")

FONTS = {
    f"devanagari-{weight}.woff2": f"noto-sans-devanagari-devanagari-{weight}-normal.woff2.gz" for weight in (400, 700)
}
"""For machines without a Devanagari font, which would draw boxes; the files are those of GraphiQL."""

FEW_COLUMNS, MANY_COLUMNS = 3, 5
"""Up to so many fit on a telephone, and on a tablet."""


def font_routes() -> list[Route]:
    """`/fonts/<name>`: the two weights of the font."""
    return [Route("/fonts/{name}", _font, methods=["GET"])]


async def _font(request: Request) -> Response:
    stored = FONTS.get(request.path_params["name"])
    if stored is None:
        return PlainTextResponse("not found", 404, EVERY_ANSWER)
    headers = {**EVERY_ANSWER, "Cache-Control": "public, max-age=604800"}
    return Response(_font_file(stored), headers=headers, media_type="font/woff2")


@cache
def _font_file(stored: str) -> bytes:
    return gzip.decompress((STATIC / stored).read_bytes())


async def read_form(request: Request, most_bytes: int, most_fields: int) -> dict[str, str] | None:
    """The fields of a form that was posted; None for a body that is too long, of another kind, or has too many."""
    if media_type_of(request) != "application/x-www-form-urlencoded":
        return None
    try:
        body = await read_body(request, most_bytes)
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=most_fields))
    except (TooLarge, ValueError):
        return None


def respond(
    request: Request,
    language: Language,
    title: Bilingual,
    body: str,
    status: int = 200,
    *,
    forms_to: frozenset[str] = frozenset(),
) -> HTMLResponse:
    """A whole page in the frame of all pages. `body` is HTML that is escaped already; `forms_to` as for Pages.draw."""
    values = {"heading": title.in_language(language), "body": body}
    return pages_of(request).draw(request, "plain.html", values, status=status, forms_to=forms_to)


def say(text: Bilingual, language: Language) -> str:
    """A text for a page, in the language."""
    return escape(text.in_language(language))


def link_over(request: Request, headers: Mapping[str, str]) -> PlainTextResponse:
    """The answer to a link that leads nowhere (any more), for the person who opened it; it reveals nothing else."""
    shown = language_of(request).catalogue
    told = {**headers, "Content-Language": shown.value, "Vary": "Accept-Language"}
    return PlainTextResponse(_TEXTS.link_over.in_language(shown), 404, told)


def table(rows: list[list[str]], headings: list[str] | None = None, *, caption: str | None = None) -> str:
    """A table of cells that are escaped already; without headings the first cell of a row is its heading.

    Where it has many columns and the screen is narrow, the cells of a row stand one under another, each with its
    heading.
    """
    headings = headings or []
    head = "".join(f'<th scope="col">{cell}</th>' for cell in headings)
    width = "widest" if len(headings) > MANY_COLUMNS else "wide" if len(headings) > FEW_COLUMNS else None
    lines = []
    for first, *rest in rows:
        named = [f' data-heading="{one}"' for one in headings[1:]] if width else [""] * len(rest)
        cells = "".join(f"<td{name}>{cell}</td>" for name, cell in zip(named, rest, strict=True))
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return (
        (f'<table class="{width}">' if width else "<table>")
        + (f"<caption>{caption}</caption>" if caption else "")
        + (f"<thead><tr>{head}</tr></thead>" if head else "")
        + f"<tbody>{''.join(lines)}</tbody></table>"
    )
