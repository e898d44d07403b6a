"""The GraphiQL page, its files, and the example operations of the repository as its tabs.

The files in `static/` are made by `build/` (npm, once for each new version) and kept compressed. They are served
under a path that holds their digest, so browsers may keep them for ever. Nothing is loaded from another origin.
"""

import gzip
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.http.compression import takes_gzip
from gateway.operations.screens import FRAGMENTS, OPERATIONS, with_fragments
from gateway.pages.rendering import language_of, pages_of
from gateway.sign_in.providers import SLUGS

TABS = "tabs.json"
"""The files that are tabs, such as `citizen_app/home`, in their order by subject; without it, all are, in one subject.

What a subject is called is the text `page.graphiql.subject.<subject>`.
"""

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
PATH = "/graphql"


@dataclass(frozen=True, slots=True)
class Example:
    """A document with the variables of the file `<name>.variables.json` next to it, where there is one."""

    query: str
    variables: dict[str, Any] | None


def examples(folder: Path = OPERATIONS) -> dict[str, list[Example]]:
    """The documents of a folder that are tabs, by subject; none where it is missing."""
    return {
        subject: [Example(with_fragments(path.read_text(encoding="utf-8"), folder), _variables(path)) for path in paths]
        for subject, paths in _tabs(folder).items()
    }


def _tabs(folder: Path) -> dict[str, list[Path]]:
    chosen = folder / TABS
    if chosen.exists():
        subjects: dict[str, list[str]] = json.loads(chosen.read_text(encoding="utf-8"))
        return {subject: [folder / f"{name}.graphql" for name in names] for subject, names in subjects.items()}
    return {"": [path for path in sorted(folder.glob("**/*.graphql")) if path.parent.name != FRAGMENTS]}


def _variables(path: Path) -> dict[str, Any] | None:
    beside = path.with_suffix(".variables.json")
    if not beside.exists():
        return None
    variables: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    return variables


class GraphiQL:
    """The page. `operations` is a folder of examples, read anew for each view.

    `demo` is whether it offers to sign in as another person of the demo.
    """

    def __init__(self, operations: Path = OPERATIONS, *, demo: bool = False) -> None:
        self._operations, self._demo = operations, demo
        self._files = {file.name.removesuffix(".gz"): file for file in sorted(STATIC.glob("*.gz"))}
        self._base = f"{PATH}/assets/{_digest(self._files.values())}"

    def page(self, request: Request) -> Response:
        """The page itself, for `Edge.page`."""
        subjects, asked = examples(self._operations), request.query_params.get("subject", "")
        subject = asked if asked in subjects else next(iter(subjects))
        data = {
            "url": PATH,
            "subject": subject,
            "headers": {"Accept-Language": language_of(request).value},
            "tabs": [asdict(example) for example in subjects[subject]],
        }
        values = {
            "base": self._base,
            "data": _for_script(data),
            "subject": subject,
            "subjects": [one for one in subjects if one],
            "providers": SLUGS.items() if self._demo else (),
        }
        headers = {**_HEADERS, "Cache-Control": "no-store"}
        return pages_of(request).draw(request, "graphiql.html", values, headers=headers)

    def routes(self) -> list[Route]:
        """The route of the page's files."""
        return [Route(self._base + "/{name}", self.file, methods=["GET"])]

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


@cache
def own_graphiql(*, demo: bool) -> GraphiQL:
    """The page at /graphql with the examples of the repository."""
    return GraphiQL(demo=demo)


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
