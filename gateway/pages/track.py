"""`/track`: the state of an application by its number and a second factor; a form without script.

What is asked goes in the body of a POST, so that neither number nor factor is in an address or a log.
"""

from datetime import date
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from actions.feedback.tracking import track_application
from actions.kernel import Environment
from domain.feedback.tracking import SecondFactor, Tracked
from domain.kernel import (
    IST,
    ErrorCode,
    Language,
    Problem,
    Problems,
    latin_digits,
    refuse_hidden_character,
    show_number,
)
from domain.kernel.messages import Texts, label, message
from gateway.graphql.answers import retry_headers
from gateway.pages.frame import read_form, respond, say, table
from gateway.pages.rendering import language_of
from store.database import StoreError

_TEXTS = Texts("page.track")

_LARGEST_FORM = 4096
_STAGES = (_TEXTS["stages.stage"], _TEXTS["stages.date"])
_STATUSES = {ErrorCode.RATE_LIMITED: 429, ErrorCode.NOT_FOUND: 404, ErrorCode.OVERLOADED: 503}


def track_routes(environment: Environment) -> list[Route]:
    """`/track`: the form by GET, the answer by POST."""

    async def form(request: Request) -> Response:
        language = language_of(request)
        return _page(request, language, _form(language))

    async def answer(request: Request) -> Response:
        language = language_of(request)
        fields = {name: text.strip() for name, text in (await read_form(request, _LARGEST_FORM, 10) or {}).items()}
        factor = _factor(fields)
        client = request.client.host if request.client else ""
        try:
            for name, text in fields.items():
                refuse_hidden_character(text, name)
            agent = request.headers.get("user-agent")
            found = await track_application(environment, fields.get("number", ""), factor, client=client, agent=agent)
        except Problems as problems:
            return _refusal_page(request, language, problems)
        except StoreError:
            return _error_page(request, language, Problem(ErrorCode.OVERLOADED))
        if found is None:
            return _error_page(request, language, Problem(ErrorCode.NOT_FOUND))
        return _page(request, language, _status_tables(found, language))

    return [Route("/track", form, methods=["GET"]), Route("/track", answer, methods=["POST"])]


def _factor(fields: dict[str, str]) -> SecondFactor:
    """The factor that was filled in; the mobile where both were. A date that is none is no factor."""
    if fields.get("mobile"):
        return SecondFactor(mobile_last4=fields["mobile"])
    try:
        return SecondFactor(born_on=date.fromisoformat(latin_digits(fields.get("born_on", ""))))
    except ValueError:
        return SecondFactor()


def _refusal_page(request: Request, language: Language, problems: Problems) -> Response:
    response = _error_page(request, language, problems.problem)
    response.headers.update(retry_headers(problems.problem))
    return response


def _error_page(request: Request, language: Language, problem: Problem) -> Response:
    text = f'<p class="bad" role="alert">{escape(message(problem.code, language, problem.params))}</p>'
    return _page(request, language, f"{text}\n{_form(language)}", _STATUSES.get(problem.code, 400))


def _page(request: Request, language: Language, body: str, status: int = 200) -> HTMLResponse:
    return respond(request, language, _TEXTS.title, body, status)


def _form(language: Language) -> str:
    shown = language.catalogue
    return (
        f'<p class="plain">{say(_TEXTS.either, shown)}</p>\n'
        f'<form method="post" action="/track?language={shown.value}">\n'
        f'<p><label for="number">{say(_TEXTS.number, shown)}</label><br>'
        '<input id="number" name="number" required maxlength="40" autocomplete="off"></p>\n'
        f'<p><label for="mobile">{say(_TEXTS.mobile, shown)}</label><br>'
        '<input id="mobile" name="mobile" maxlength="4" inputmode="numeric" autocomplete="off"></p>\n'
        f'<p><label for="born_on">{say(_TEXTS.born, shown)}</label><br>'
        '<input id="born_on" name="born_on" type="date" autocomplete="off"></p>\n'
        f"<p><button>{say(_TEXTS.ask, shown)}</button></p>\n</form>"
    )


def _status_tables(found: Tracked, language: Language) -> str:
    shown = language.catalogue
    values = {
        "number": show_number(found.number),
        "service": found.service.in_language(shown),
        "department": found.department.in_language(shown) if found.department else "–",
        "status": label(f"status.{found.status.value}", shown),
        "due_on": found.due_at.astimezone(IST).strftime("%d-%m-%Y") if found.due_at else "–",
    }
    facts = [[say(_TEXTS[f"rows.{name}"], shown), escape(value)] for name, value in values.items()]
    stages = [
        [escape(label(f"move.{stage.move.value}", shown)), escape(stage.at.astimezone(IST).strftime("%d-%m-%Y"))]
        for stage in found.stages
    ]
    return f"{table(facts)}\n{table(stages, [say(heading, shown) for heading in _STAGES])}"
