"""Pages that only say something of the installation: notices, emblem, scripts, and the way to one's home."""

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from domain.kernel import ErrorCode, PersonKind, Problem, Role
from domain.kernel.messages import Texts
from gateway.http.headers import EVERY_ANSWER
from gateway.http.session_auth import reader_of
from gateway.pages.refusals import problem_page
from gateway.pages.rendering import language_of, pages_of
from gateway.pages.scripts import script_routes
from gateway.settings.portal import NOTICES, Portal

_TEXTS = Texts("page.frame")

HOMES = {PersonKind.CITIZEN: "/my", PersonKind.OFFICER: "/desk", PersonKind.OPERATOR: "/counter"}


def portal_routes(portal: Portal) -> list[Route]:
    """`/privacy`, `/terms`, `/accessibility`, `/contact`, `/help`, `/emblem`, the scripts, and `/home`.

    The last leads to one's own page.
    """

    async def notice(request: Request) -> Response:
        name, language = request.url.path[1:], language_of(request)
        text = portal.notice(name, language)
        values = {"heading": _TEXTS[name].in_language(language), "paragraphs": _paragraphs(text) if text else None}
        return pages_of(request).draw(request, "notice.html", values)

    async def say(request: Request) -> Response:
        return pages_of(request).draw(request, f"{request.url.path[1:]}.html", {})

    async def emblem(request: Request) -> Response:
        if portal.emblem is None or not portal.emblem.is_file():
            return problem_page(pages_of(request), request, Problem(ErrorCode.NOT_FOUND), 404)
        return FileResponse(portal.emblem, headers={**EVERY_ANSWER, "Cache-Control": "public, max-age=86400"})

    async def home(request: Request) -> Response:
        subject = await reader_of(request.app.state.environment, request)
        way = HOMES.get(subject.kind) if subject.kind is not None else None
        way = "/developer" if subject.roles == {Role.DEVELOPER} else way
        return RedirectResponse(way or "/sign-in?return_to=/home", 303, EVERY_ANSWER)

    return [
        *(Route(f"/{name}", notice, methods=["GET"]) for name in NOTICES),
        *(Route(f"/{name}", say, methods=["GET"]) for name in ("contact", "help")),
        Route("/emblem", emblem, methods=["GET"]),
        *script_routes(),
        Route("/home", home, methods=["GET"]),
    ]


def _paragraphs(text: str) -> list[tuple[bool, str]]:
    """Each paragraph, and whether it is a heading."""
    parts = [part.strip() for part in text.split("\n\n")]
    return [(part.startswith("# "), part.removeprefix("# ")) for part in parts if part]
