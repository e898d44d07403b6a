"""`/docs/`: the documentation as a site, in demo and staging. `make docs`, and `make run` beside itself, build it."""

import sys
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from gateway.http.headers import EVERY_ANSWER

PLACES = (Path(__file__).parents[2] / "build" / "docs", Path(sys.prefix) / "share" / "apuni" / "docs")
"""Where the site lies: in a checkout, and in an installation (docs/deployment.md)."""

START, LAST = "README.html", "searchindex.js"
"""The first page, and the file that is written last."""

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
"""The theme's pages have scripts in them. Nothing stands there that anybody but an author of the project wrote."""

_NOT_BUILT = (
    "The documentation is not built yet. After `make run` it is there within some minutes, and this page then shows "
    "it; `make docs` builds it by itself.\n"
)


def built_site(places: tuple[Path, ...] = PLACES) -> Path | None:
    """The folder of the site, once it is whole."""
    return next((folder for folder in places if (folder / LAST).is_file()), None)


def documentation_routes(places: tuple[Path, ...] = PLACES) -> list[Route]:
    """The files of the site; until it is built, 503."""

    async def read(request: Request) -> Response:
        folder, path = built_site(places), request.path_params.get("path", "")
        if folder is None:
            return PlainTextResponse(_NOT_BUILT, 503, {**EVERY_ANSWER, "Retry-After": "10", "Refresh": "10"})
        if not path:
            return RedirectResponse(f"/docs/{START}", 303, EVERY_ANSWER)
        answer = await StaticFiles(directory=folder).get_response(path, request.scope)
        answer.headers.update({**EVERY_ANSWER, "Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})
        return answer

    return [Route("/docs/", read, methods=["GET"]), Route("/docs/{path:path}", read, methods=["GET"])]
