"""Draws pages by Jinja2 templates in one frame: header, footer, language, style, and the headers of the answer.

No page loads anything from another host. Templates are escaped by default; their texts are those of the catalogues by
key, `_("page.track.title")`.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from math import ceil
from pathlib import Path
from types import EllipsisType
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from actions.certificates.fields import PRINTED
from domain.certificates.spellings import devanagari_spelling
from domain.documents.documents import NAMES
from domain.kernel import (
    IST,
    Clock,
    Ids,
    Language,
    PersonKind,
    SystemClock,
    SystemIds,
    language_from_header,
    show_number,
    spoken_languages,
    state_language,
)
from domain.kernel.errors import RETRY_SECONDS
from domain.kernel.messages import catalogue, filled_label, label
from domain.kernel.money import shown_rupees
from domain.kernel.state import installed_state
from gateway.http.compression import compress_response
from gateway.http.headers import EVERY_ANSWER, came_by_cookie
from gateway.pages.scripts import SCRIPT_FOLDER
from gateway.settings.portal import Portal
from states.certificate_kinds import certificate_kinds

LANGUAGE_COOKIE = "apuni_language"
_YEAR = 365 * 86400

STYLE = "\n" + Path(__file__).with_name("static").joinpath("style.css").read_text(encoding="utf-8")
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; font-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
)
_SCRIPT_POLICY = "; script-src 'self'; connect-src 'self'{bridge}"
"""Added to the policy of a page that has a script of ours; that of signing speaks with the bridge too."""

HEADERS: Mapping[str, str] = {
    **EVERY_ANSWER,
    "Referrer-Policy": "same-origin",
    "Vary": "Accept, Accept-Language, Cookie",
}
"""Referrer-Policy: without it a browser that sends no Sec-Fetch-Site hides the Origin of our forms (Fetch, 3.2)."""


def language_of(request: Request) -> Language:
    """The language of `?language=`, else one of an app's `ui_locales`, else that chosen in this browser.

    Else of Accept-Language, else of the state.
    """
    query = request.query_params
    of_app = (tag.partition("-")[0] for tag in query.get("ui_locales", "").split())
    for asked in (query.get("language"), *of_app, request.cookies.get(LANGUAGE_COOKIE)):
        if asked in spoken_languages():
            return Language(asked)
    return language_from_header(request.headers.get("accept-language"))


def remember_language(response: Response, request: Request) -> None:
    """Keep in this browser the language that the address names."""
    asked = request.query_params.get("language")
    if asked in spoken_languages():
        response.set_cookie(LANGUAGE_COOKIE, asked, max_age=_YEAR, path="/", samesite="lax", httponly=True)


@dataclass(frozen=True, slots=True)
class Pages:
    """Draws the pages of one installation. `ids` blurs the length of what is compressed, and makes keys of forms."""

    portal: Portal = field(default_factory=Portal)
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=lambda: SystemIds(SystemClock()))
    sign_out_hosts: frozenset[str] = frozenset()
    """Where an answer to the form that signs out may lead on: the providers that end a session of their own."""
    reader: Callable[[Request], PersonKind | None] = lambda _: None
    """Whom the cookie of a request names, by its signature alone: for pages that ask nobody who reads them."""
    specimen: bool = False
    """Whether certificates are signed by a key of tests, as in the demo, and valid nowhere."""

    def draw(
        self,
        request: Request,
        template: str,
        values: Mapping[str, Any],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        person: PersonKind | EllipsisType | None = ...,
        forms_to: frozenset[str] = frozenset(),
        script: str | None = None,
    ) -> HTMLResponse:
        """A whole page, for whom is signed in: `person`; left out, as the cookie says (`reader`).

        `forms_to` are hosts to which an answer to a form may lead on; `script` is that of the page, if it has one.
        """
        person = self.reader(request) if isinstance(person, EllipsisType) else person
        language = language_of(request).catalogue
        other = state_language() if language is Language.EN else Language.EN
        kept = [(name, text) for name, text in request.query_params.multi_items() if name not in ("language", "done")]
        frame = {
            "style": STYLE,
            "language": language.value,
            "other_language": {
                "code": other.value,
                "name": label("page.frame.this_language", other),
                "address": f"{request.url.path}?{urlencode([*kept, ('language', other.value)])}",
            },
            "script": f"{SCRIPT_FOLDER}/{script}" if script else None,
            "specimen": self.specimen,
            "portal": self.portal,
            "portal_name": self.portal.name.in_language(language),
            "owner": self.portal.owner.in_language(language),
            "person": person.value if person else None,
            "path": request.url.path,
            "here": f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path,
            "query": request.query_params,
            "now": self.clock.now().astimezone(IST),
        }
        text = _templates(language).get_template(template).render({**frame, **values})
        hosts = forms_to | self.sign_out_hosts if person else forms_to
        policy = POLICY.format(forms=" ".join(("'self'", *sorted(hosts))))
        if script:
            policy += _SCRIPT_POLICY.format(bridge=f" {self.portal.bridge}/" if script == "signing.js" else "")
        told = {"Retry-After": str(ceil(RETRY_SECONDS))} if status == 503 else {}
        told |= {"Content-Security-Policy": policy, "Content-Language": language.value}
        response = HTMLResponse(text, status, {**HEADERS, **told, **(headers or {})})
        remember_language(response, request)
        compress_response(response, request, secret_ambient=came_by_cookie(request), ids=self.ids)
        return response


def pages_of(request: Request) -> Pages:
    """What draws the pages of the application; with the usual settings where nobody put it there."""
    state = getattr(request.scope.get("app"), "state", None)
    drawn: Pages = getattr(state, "pages", None) or Pages()
    return drawn


@cache
def _templates(language: Language) -> Environment:
    """The templates with the texts of one language."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )

    def text(key: str, **params: object) -> str:
        return filled_label(key, language, {name: str(value) for name, value in params.items()})

    made.install_gettext_callables(text, text, newstyle=False)  # type: ignore[attr-defined]
    made.globals["spoken"] = [each.name for each in spoken_languages()]
    made.globals |= {"printed": PRINTED, "doctypes": sorted(NAMES)}
    made.globals["has_text"] = lambda key: key in catalogue(language)
    made.filters |= {
        "day": day,
        "moment": moment,
        "money": money,
        "number": number,
        "label": lambda value, kind: text(f"{kind}.{value}"),
        "labelled": lambda values, kind: [(value, text(f"{kind}.{value}")) for value in values],
        "field_id": field_id,
        "state_spelling": state_spelling,
        "with_query": with_query,
        "qr": qr_picture,
        "by": lambda rows, name: {row[name]: row for row in rows},
        "pair": lambda row, *names: tuple(row[name] for name in names),
    }
    return made


def qr_picture(text: str, name: str) -> Markup:
    """A QR code as a picture within the page, with a name for who does not see it."""
    import segno

    drawn = segno.make(text, error="l", micro=False).svg_inline(scale=4, border=4, light="white", svgclass=None)
    return Markup('<div role="img" aria-label="{}">{}</div>').format(name, Markup(drawn))  # noqa: S704 - segno's own


def field_id(name: str) -> str:
    """The id of the input of a field: of `input.form.father_name`, as the path of a problem, `q-form-father-name`."""
    return "q-" + name.removeprefix("input.").replace(".", "-").replace("_", "-")


def state_spelling(name: str) -> str | None:
    """A spelling of a name in the state's script to be offered; None where there is none to offer."""
    folder = installed_state().texts
    known = certificate_kinds(folder.parent).names if folder and name else {}
    return devanagari_spelling(name, known) if known else None


def with_query(query: QueryParams, **changes: object) -> str:
    """A query string with some of it changed; None takes a name out."""
    kept = [(name, text) for name, text in query.multi_items() if name not in changes and name != "done"]
    return urlencode([*kept, *((name, text) for name, text in changes.items() if text is not None)])


def day(value: str | date | None) -> str:
    """A date as people write it here, 05-12-2026; a dash for none. Of a moment its day in India."""
    if value is None:
        return "–"
    read = datetime.fromisoformat(value) if isinstance(value, str) and len(value) > len("2026-12-05") else value
    if isinstance(read, str):
        read = date.fromisoformat(read)
    return (read.astimezone(IST) if isinstance(read, datetime) else read).strftime("%d-%m-%Y")


def moment(value: str | datetime | None, *, seconds: bool = False) -> str:
    """A date with its time in India, 05-12-2026 14:30; a dash for none."""
    if value is None:
        return "–"
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.astimezone(IST).strftime("%d-%m-%Y %H:%M:%S" if seconds else "%d-%m-%Y %H:%M")


def number(value: str | int) -> str:
    """A number as people read it, 4-5-5, also of one that is written so already."""
    return show_number("".join(str(value).split()))


def money(paise: int | None) -> str:
    """Paise, as the graph gives them, in rupees: ₹1,14,000, with paise where there are any; a dash for none."""
    return "–" if paise is None else shown_rupees(paise)
