"""`/fonts/<name>`: the two weights of the font of all pages."""

import gzip
from functools import cache

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.graphiql.page import STATIC
from gateway.http.headers import EVERY_ANSWER

FONTS = {
    f"devanagari-{weight}.woff2": f"noto-sans-devanagari-devanagari-{weight}-normal.woff2.gz" for weight in (400, 700)
}
"""For machines without a Devanagari font, which would draw boxes; the files are those of GraphiQL."""


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
