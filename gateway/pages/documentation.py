"""`/docs/`: the documentation as a site, in demo and staging, where `make docs` has built it."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from gateway.http.headers import EVERY_ANSWER

BUILT = Path(__file__).parents[2] / "build" / "docs"
START = "README.html"

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
"""The theme's pages have scripts in them. Nothing stands there that anybody but an author of the project wrote."""


def documentation_routes(folder: Path = BUILT) -> list[Route]:
    """The files of the built site; none where it was not built."""
    if not (folder / START).is_file():
        return []
    files = StaticFiles(directory=folder)

    async def begin(_: Request) -> Response:
        return RedirectResponse(f"/docs/{START}", 303, EVERY_ANSWER)

    async def read(request: Request) -> Response:
        answer = await files.get_response(request.path_params["path"], request.scope)
        answer.headers.update({**EVERY_ANSWER, "Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})
        return answer

    return [Route("/docs/", begin, methods=["GET"]), Route("/docs/{path:path}", read, methods=["GET"])]
