"""`/forms`: renders every form without script for form authors, and validates it when it is posted.

Nothing is handed in here and nothing is kept. What is filled in goes in the body of a POST and into no log.
"""

from dataclasses import dataclass
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from actions.kernel import Environment
from domain.catalogue.form_checking import check_answers
from domain.catalogue.forms import GENERIC, Form, row_of
from domain.kernel import ErrorCode, Language, ist_date
from domain.kernel.messages import Texts, message
from gateway.pages.form_drawing import MORE, ROWS, FormView, draw
from gateway.pages.frame import read_form, respond, say, table
from gateway.pages.rendering import language_of
from store.catalogue import catalogue, forms
from store.database import StoreError

_TEXTS = Texts("page.forms")

LARGEST_BODY = 256 * 1024
MOST_FIELDS = 300


@dataclass(frozen=True, slots=True)
class _Posted:
    """What came in a body: answers by name, wanted rows of groups, and whether only one more row was asked for."""

    answers: dict[str, str]
    rows: dict[str, int]
    more: str | None


def forms_routes(environment: Environment) -> list[Route]:
    """`/forms` lists the services that have a form of their own; `/forms/<slug>` draws and checks one."""

    async def index(request: Request) -> Response:
        language = language_of(request)
        try:
            return respond(request, language, _TEXTS.title, await _forms_table(environment, language))
        except StoreError:
            return _error_page(request, language, ErrorCode.OVERLOADED, 503)

    async def form_endpoint(request: Request) -> Response:
        language, slug = language_of(request), str(request.path_params["slug"])
        try:
            form = await _form(environment, slug)
        except StoreError:
            return _error_page(request, language, ErrorCode.OVERLOADED, 503)
        if form is None:
            return _error_page(request, language, ErrorCode.NOT_FOUND, 404)
        if request.method != "POST":
            return _page(request, FormView(form, language.catalogue))
        posted = await _read_posted(request)
        if posted is None:
            return _error_page(request, language, ErrorCode.BAD_INPUT, 400)
        return _checked_page(
            request, environment, FormView(form, language.catalogue, posted.answers, rows=posted.rows), posted
        )

    return [
        Route("/forms", index, methods=["GET"]),
        Route("/forms/{slug}", form_endpoint, methods=["GET", "POST"]),
    ]


def _checked_page(request: Request, environment: Environment, drawn: FormView, posted: _Posted) -> Response:
    if posted.more is not None:
        rows = {**drawn.rows, posted.more: drawn.rows.get(posted.more, 0) + 1}
        return _page(request, FormView(drawn.form, drawn.language, drawn.answers, rows=rows))
    today = ist_date(environment.clock.now())
    checked = check_answers(drawn.form, posted.answers, today=today, complete=True)
    faults = {
        ".".join(problem.path[2:]): message(problem.code, drawn.language, problem.params, problem.texts)
        for problem in checked.problems
    }
    shown = FormView(drawn.form, drawn.language, posted.answers, faults, posted.rows)
    return _page(request, shown, status=422 if faults else 200, right=not faults)


def _page(request: Request, drawn: FormView, *, status: int = 200, right: bool = False) -> HTMLResponse:
    form, language = drawn.form, drawn.language
    notes = [_TEXTS.trial] if form.verified else [_TEXTS.trial, _TEXTS.local]
    lines = "".join(f'<p class="plain">{drawn.say(words)}</p>\n' for words in (*notes, form.help) if words)
    done = f'<p class="good" role="status">{drawn.say(_TEXTS.right)}</p>\n' if right else ""
    body = draw(drawn, f"{request.url.path}?language={language.value}")
    response = respond(request, language, form.label, f"{done}{lines}{body}", status)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _forms_table(environment: Environment, language: Language) -> str:
    async with environment.store.read_transaction() as tx:
        assigned = await forms.assigned_forms(tx)
        services = await catalogue.services_by_codes(tx, assigned)
        general = (await forms.of_services(tx, [forms.EVERY_OTHER])).get(forms.EVERY_OTHER)
    rows = [
        [
            f"{_link(service.slug, service.name.in_language(language))} ({escape(code)})",
            escape(assigned[code][1][:12]),
        ]
        for code, service in sorted(services.items(), key=lambda item: item[1].name.en)
    ]
    if general is not None:
        rows.append([_link(GENERIC, general.label.in_language(language)), escape(general.version[:12])])
    headings = [say(words, language) for words in (_TEXTS.service, _TEXTS.version)]
    return table(rows, headings, caption=say(_TEXTS.every, language))


async def _form(environment: Environment, slug: str) -> Form | None:
    async with environment.store.read_transaction() as tx:
        if slug == GENERIC:
            return (await forms.of_services(tx, [forms.EVERY_OTHER])).get(forms.EVERY_OTHER)
        service = await catalogue.service_by_slug(tx, slug)
        return None if service is None else (await forms.of_services(tx, [service.code])).get(service.code)


async def _read_posted(request: Request) -> _Posted | None:
    """The body of a form; None for one that is too long, of another kind, or has too many fields."""
    read = await read_form(request, LARGEST_BODY, MOST_FIELDS)
    if read is None:
        return None
    rows = {name.removeprefix(ROWS): row_of(text) or 0 for name, text in read.items() if name.startswith(ROWS)}
    answers = {name: text for name, text in read.items() if not name.startswith("_") and text.strip()}
    return _Posted(answers, rows, read.get(MORE))


def _link(slug: str, words: str) -> str:
    return f'<a href="/forms/{escape(slug)}">{escape(words)}</a>'


def _error_page(request: Request, language: Language, code: ErrorCode, status: int) -> HTMLResponse:
    text = f'<p class="bad" role="alert">{escape(message(code, language))}</p>'
    way = f'<p><a href="/forms?language={language.value}">{say(_TEXTS.every, language)}</a></p>'
    return respond(request, language, _TEXTS.title, text if code is ErrorCode.OVERLOADED else text + way, status)
