"""The GraphiQL page, its files, and the example operations of the repository as its tabs.

The files in `static/` are made by `build/` (npm, once for each new version) and kept compressed. They are served
under a path that holds their digest, so browsers may keep them for ever. Nothing is loaded from another origin.
"""

import gzip
import hashlib
import html
import json
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.http.compression import takes_gzip
from gateway.operations.screens import FRAGMENTS, OPERATIONS, with_fragments

TABS = "tabs.json"
"""A list of the files that are tabs, in their order, such as `citizen_app/home`; without it, all are."""

STATIC = Path(__file__).with_name("static")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Monaco sets styles inline; scripts run only from our own files."""

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PAGE = """<!doctype html>
<html lang="hi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>अपुणी सरकार · GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{base}/graphiql.css">
</head>
<body>
<nav class="bar"><strong>अपुणी सरकार · Apuni Sarkar GraphQL</strong>{links}</nav>
<div id="graphiql"></div>
<noscript>GraphiQL को जावास्क्रिप्ट चाहिए। GraphiQL needs JavaScript.</noscript>
<script id="page-data" type="application/json">{data}</script>
<script src="{base}/graphiql.js" defer></script>
</body>
</html>
"""


PATH = "/graphql"
LINKS = (("/sign-in?return_to=/graphql", "साइन इन · Sign in"), ("/status", "स्थिति · Status"))
"""Addresses and words of the bar."""


@dataclass(frozen=True, slots=True)
class Example:
    """A document with the variables of the file `<name>.variables.json` next to it, where there is one."""

    query: str
    variables: dict[str, Any] | None


def examples(folder: Path = OPERATIONS) -> list[Example]:
    """The documents of a folder that are tabs; none where it is missing."""
    return [
        Example(with_fragments(path.read_text(encoding="utf-8"), folder), _variables(path)) for path in _tabs(folder)
    ]


def _tabs(folder: Path) -> list[Path]:
    chosen = folder / TABS
    if chosen.exists():
        paths = [folder / f"{name}.graphql" for name in json.loads(chosen.read_text(encoding="utf-8"))]
        return [path for path in paths if path.exists()]
    return [path for path in sorted(folder.glob("**/*.graphql")) if path.parent.name != FRAGMENTS]


def _variables(path: Path) -> dict[str, Any] | None:
    beside = path.with_suffix(".variables.json")
    if not beside.exists():
        return None
    variables: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    return variables


class GraphiQL:
    """The page. `operations` is a folder of examples, read anew for each view."""

    def __init__(self, operations: Path = OPERATIONS) -> None:
        self._operations = operations
        self._files = {file.name.removesuffix(".gz"): file for file in sorted(STATIC.glob("*.gz"))}
        self._base = f"{PATH}/assets/{_digest(self._files.values())}"

    def page(self, _: Request) -> Response:
        """The page itself, for `Edge.page`."""
        data = {"url": PATH, "headers": {"Accept-Language": "hi"}, "tabs": self.tabs()}
        links = "".join(f'<a href="{html.escape(where)}">{html.escape(words)}</a>' for where, words in LINKS)
        body = _PAGE.format(base=self._base, links=links, data=_for_script(data))
        return HTMLResponse(body, headers={**_HEADERS, "Cache-Control": "no-store", "Vary": "Accept"})

    def routes(self) -> list[Route]:
        """The route of the page's files."""
        return [Route(self._base + "/{name}", self.file, methods=["GET"])]

    def tabs(self) -> list[dict[str, Any]]:
        """The examples, in the order of their file names."""
        return [asdict(example) for example in examples(self._operations)]

    async def file(self, request: Request) -> Response:
        """One of the page's files, compressed where the client takes that."""
        path = self._files.get(request.path_params["name"])
        if path is None:
            return PlainTextResponse("not found", 404, _HEADERS)
        headers = {**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        packed = takes_gzip(request.headers.get("accept-encoding"))
        if packed:
            headers["Content-Encoding"] = "gzip"
        content = _content(path, unpacked=not packed)
        return Response(content, headers=headers, media_type=_MEDIA_TYPES[Path(path.stem).suffix])


def graphiql_page(request: Request) -> Response:
    """The page at /graphql with the examples of the repository."""
    return _default().page(request)


def graphiql_routes() -> list[Route]:
    """The routes of that page's files."""
    return _default().routes()


@cache
def _default() -> GraphiQL:
    return GraphiQL()


@lru_cache(maxsize=64)
def _content(path: Path, *, unpacked: bool) -> bytes:
    packed = path.read_bytes()
    return gzip.decompress(packed) if unpacked else packed


def _digest(files: Any) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _for_script(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
