"""`/docs/`: the documentation as a site, in demo and staging, where `make docs` has built it."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.http.headers import EVERY_ANSWER

BUILT = Path(__file__).parents[2] / "build" / "docs"
START = "README.html"

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
"""The theme's pages have scripts in them. Nothing stands there that anybody but an author of the project wrote."""


def documentation_routes(folder: Path = BUILT) -> list[Route]:
    """The files of the built site; none where it was not built."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    if START not in files:
        return []

    async def begin(_: Request) -> Response:
        return RedirectResponse(f"/docs/{START}", 303, EVERY_ANSWER)

    async def read(request: Request) -> Response:
        path = files.get(request.path_params["path"])
        if path is None:
            raise HTTPException(404)
        headers = {**EVERY_ANSWER, "Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return FileResponse(path, headers=headers)

    return [Route("/docs/", begin, methods=["GET"]), Route("/docs/{path:path}", read, methods=["GET"])]
