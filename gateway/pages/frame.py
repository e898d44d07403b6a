"""The frame of the public pages: no script, no image, one style sheet and font of ours, both languages."""

import base64
import gzip
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel import Bilingual, Language, language_from_header
from domain.kernel.messages import Texts
from gateway.graphiql.page import STATIC
from gateway.http.headers import EVERY_ANSWER, media_type_of

_TEXTS = Texts("page.frame")

FONTS = {
    f"devanagari-{weight}.woff2": f"noto-sans-devanagari-devanagari-{weight}-normal.woff2.gz" for weight in (400, 700)
}
"""For machines without a Devanagari font, which would draw boxes; the files are those of GraphiQL."""

FEW_COLUMNS, MANY_COLUMNS = 3, 5
"""Up to so many fit on a telephone, and on a tablet."""

STYLE = """
@font-face{font-family:"Noto Sans Devanagari";font-weight:400;font-display:swap;unicode-range:U+0900-097F,U+200C-200D,
U+20B9,U+A8E0-A8FF;src:local("Noto Sans Devanagari"),url(/fonts/devanagari-400.woff2) format("woff2")}
@font-face{font-family:"Noto Sans Devanagari";font-weight:700;font-display:swap;unicode-range:U+0900-097F,U+200C-200D,
U+20B9,U+A8E0-A8FF;src:local("Noto Sans Devanagari Bold"),url(/fonts/devanagari-700.woff2) format("woff2")}
*{box-sizing:border-box}
body{margin:0;padding:1rem;color:#1b1b1b;background:#f4f6f8;
font:1.0625rem/1.6 "Noto Sans Devanagari","Nirmala UI",system-ui,sans-serif}
main{max-width:44rem;margin:1rem auto;padding:1.25rem;background:#fff;border:1px solid #c5ccd3;border-radius:.5rem}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.35}
nav{text-align:right}a{color:#0b4f8a}
table{width:100%;border-collapse:collapse;margin:1rem 0}
th,td{padding:.5rem;text-align:left;vertical-align:top;border-bottom:1px solid #dfe4e8}
.good{color:#14532d;font-weight:600}.bad{color:#9f1d12;font-weight:600}.plain{color:#4a4a4a}
a:focus-visible,.ask :focus-visible{outline:3px solid #d9730d;outline-offset:2px}
.ask h2{margin:1.5rem 0 .5rem;font-size:1.2rem}.ask .q{margin:0 0 1rem}.ask .plain,.ask .bad{display:block}
.ask fieldset{min-width:0;margin:0 0 1rem;padding:.75rem;border:1px solid #c5ccd3;border-radius:.25rem}
.ask label,.ask legend{font-weight:600;overflow-wrap:anywhere}.ask small{font-weight:400}
.ask [type=text],.ask [type=email],.ask [type=date],.ask select,.ask textarea{display:block;width:100%;
min-height:2.75rem;padding:.5rem;font:inherit;border:1px solid #6b7680;border-radius:.25rem;background:#fff}
.ask .tick input{width:1.25rem;height:1.25rem;vertical-align:middle}.ask .tick label{display:inline;margin-right:1rem}
.ask button{min-height:2.75rem;padding:.5rem 1.25rem;font:inherit}
.plot{margin:2rem 0;break-inside:avoid}.plot h2{font-size:1.15rem;margin:0}
.plot>svg{width:100%;height:auto;overflow:visible}
.plot td,.plot thead th+th{text-align:right}
.legend span{margin-right:1rem}
caption{text-align:left;font-weight:600}main:has(.widest){max-width:80rem}
@media (max-width:30rem){body{padding:.25rem}main{padding:.75rem}th,td{padding:.35rem}
.wide thead{display:none}.wide tr,.wide th,.wide td{display:block;border:0;padding:.1rem .35rem}
.wide tr{padding:.5rem 0;border-bottom:1px solid #dfe4e8}
.wide td::before{content:attr(data-heading) ": ";color:#4a4a4a}}
@media screen and (max-width:70rem){
.widest thead{display:none}.widest tr,.widest th,.widest td{display:block;border:0;padding:.1rem .35rem}
.widest tr{padding:.5rem 0;border-bottom:1px solid #dfe4e8}
.widest td::before{content:attr(data-heading) ": ";color:#4a4a4a}}
@media print{body{padding:0;background:#fff}main{max-width:none;margin:0;border:0}nav,.links{display:none}}
"""
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    **EVERY_ANSWER,
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; font-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Vary": "Accept, Accept-Language",
}
FORM_POLICY = HEADERS["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'")
"""For a page with a form of ours."""

_SWITCH = {Language.HI: ("en", "English"), Language.EN: ("hi", "हिन्दी")}


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


def language_of(request: Request) -> Language:
    """The language of `?language=`, else of Accept-Language, else Hindi."""
    asked = request.query_params.get("language")
    if asked in set(Language):
        return Language(asked)
    return language_from_header(request.headers.get("accept-language"))


async def read_form(request: Request, most_bytes: int, most_fields: int) -> dict[str, str] | None:
    """The fields of a form that was posted; None for a body that is too long, of another kind, or has too many."""
    if media_type_of(request) != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            return None
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=most_fields))
    except ValueError:
        return None


def respond(
    request: Request,
    language: Language,
    title: Bilingual,
    body: str,
    status: int = 200,
    *,
    keep: Sequence[str] = (),
) -> HTMLResponse:
    """A whole page. `body` is HTML that is escaped already; `keep` names what of the query the other language keeps."""
    shown = language.catalogue
    other, words = _SWITCH[shown]
    heading = escape(title.in_language(shown))
    kept = "".join(f"&{name}={quote(given)}" for name in keep if (given := request.query_params.get(name)))
    page = (
        f'<!doctype html>\n<html lang="{shown.value}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<nav><a lang="{other}" href="{escape(request.url.path)}?language={other}{escape(kept)}">{words}</a></nav>\n'
        f"<h1>{heading}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
    return HTMLResponse(page, status, {**HEADERS, "Content-Language": shown.value})


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
