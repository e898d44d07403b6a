"""`/scripts/<digest>/<name>`, scripts of pages, and `/verify-worker.js`, which answers where there is no network."""

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.http.headers import EVERY_ANSWER

_OURS = Path(__file__).with_name("static")
_BUNDLED = Path(__file__).parents[1] / "graphiql" / "static"

SCRIPTS: Mapping[str, bytes] = {
    **{name: _OURS.joinpath(name).read_bytes() for name in ("form.js", "signing.js", "verify.js")},
    "qr.js": gzip.decompress(_BUNDLED.joinpath("qr.js.gz").read_bytes()),
}
SCRIPT_FOLDER = f"/scripts/{hashlib.sha256(b''.join(SCRIPTS.values())).hexdigest()[:16]}"
WORKER = _OURS.joinpath("verify-worker.js").read_bytes()
"""At an address of its own, as a browser compares it with the one before."""

_KEPT = {**EVERY_ANSWER, "Cache-Control": "public, max-age=31536000, immutable"}
_ASKED_ANEW = {
    **EVERY_ANSWER,
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
}
_TYPE = "text/javascript"


def script_routes() -> list[Route]:
    """The scripts by name, and the worker."""

    async def script(request: Request) -> Response:
        found = SCRIPTS.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("not found", 404, EVERY_ANSWER)
        return Response(found, headers=_KEPT, media_type=_TYPE)

    async def worker(_: Request) -> Response:
        return Response(WORKER, headers=_ASKED_ANEW, media_type=_TYPE)

    return [
        Route(f"{SCRIPT_FOLDER}/{{name}}", script, methods=["GET"]),
        Route("/verify-worker.js", worker, methods=["GET"]),
    ]
