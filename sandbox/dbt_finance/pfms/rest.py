"""The REST server of the PFMS sandbox, on the same folders and records as its SFTP server.

Written a second time from what docs/adr/0010-payment-files.md infers; it shares no code with the client. Besides the
city's faults of HTTP, by the routes `/v1/...`: `signature` for a wrong digest of a download, `foreign` for what is
another file's, `partial` for a list cut short (`mark`: with a mark that never ends), `duplicate` for an entry twice.
"""

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.kit import SandboxHome
from sandbox.dbt_finance.pfms.store import IN_KINDS, OUT_KINDS, SealedFiles, instant, stamp

TOKEN_SECONDS = 900
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")
_LARGEST_PAGE = 500
_STATES = {"out": "WAITING", "archive": "TAKEN", "failed": "REFUSED"}
_PUT = {"archive": "ARCHIVED", "failed": "FAILED"}
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class RestEndpoint:
    """What the routes use. `arrived` is called with every request that got its name, `looked` with every call."""

    home: SandboxHome
    files: SealedFiles
    client_id: str
    client_secret: str
    looked: Callable[[], None]
    arrived: Callable[[str], None]

    def routes(self) -> list[Route]:
        """Relative to the root of the system."""
        return [
            Route("/v1/oauth2/token", self.token, methods=["POST"]),
            Route("/v1/files/out/{kind}/{name}", self._require_token(self.put), methods=["PUT"]),
            Route("/v1/files/out/{kind}/{name}", self._require_token(self.show_request), methods=["GET"]),
            Route("/v1/files/in/{kind}", self._require_token(self.list_answers), methods=["GET"]),
            Route("/v1/files/in/{kind}/{name}", self._require_token(self.download_answer), methods=["GET"]),
            Route("/v1/files/in/{kind}/{name}/{folder}", self._require_token(self.move_answer), methods=["POST"]),
        ]

    async def token(self, request: Request) -> Response:
        """A token for whoever knows the client's secret (RFC 6749 section 4.4)."""
        form = await request.form()
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if not self._knows(request.headers.get("authorization", "")):
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        token = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
        ends_at = self.home.clock.now() + timedelta(seconds=TOKEN_SECONDS)
        self.home.state.put("token", _token_hash(token), {"ends_at": stamp(ends_at)})
        request.state.ledger_effect = "token issued"
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})

    async def put(self, request: Request) -> Response:
        """Take a request whole, once under its name."""
        kind, name = _kind_and_name(request)
        content = await request.body()
        if kind not in OUT_KINDS or not _NAME.fullmatch(name):
            return _problem(404, "no_such_place")
        if request.headers.get("if-none-match") != "*":
            return _problem(428, "precondition_required")
        if request.headers.get("content-digest") != _digest(content):
            return _problem(400, "digest")
        request.state.ledger_key = name
        if self._lies(kind, name) is not None:
            return _problem(412, "name_taken")
        path = f"/out/{kind}/{name}"
        self.files.put(path, content)
        self.arrived(path)
        request.state.ledger_effect = "file accepted"
        return JSONResponse(self._receipt(request, kind, name, "out"), 201)

    async def show_request(self, request: Request) -> Response:
        """A request's location and digest; never its content."""
        kind, name = _kind_and_name(request)
        folder = self._lies(kind, name) if kind in OUT_KINDS else None
        if folder is None:
            return _problem(404, "no_such_file")
        return JSONResponse(self._receipt(request, kind, name, folder))

    async def list_answers(self, request: Request) -> Response:
        """A page of the answers of a kind that lie ready, by name."""
        kind, after = str(request.path_params["kind"]), request.query_params.get("after", "")
        if kind not in IN_KINDS or not self.files.is_folder(f"/in/{kind}"):
            return _problem(404, "no_such_place")
        limit = min(int(request.query_params.get("limit", _LARGEST_PAGE)), _LARGEST_PAGE)
        names = [name for name in self.files.names(f"/in/{kind}") if name > after]
        files = [{"name": name, "size": self.files.size(f"/in/{kind}/{name}") or 0} for name in names[:limit]]
        following = names[limit - 1] if len(names) > limit else None
        route = request.url.path
        if self.home.faults.match("duplicate", route):
            files += files[:1]
        cut = self.home.faults.match("partial", route)
        if cut is not None:
            files = files[: max(1, len(files) // 2)]
            following = "again" if cut.params.get("mark") else following
        return JSONResponse({"files": files, "next": following})

    async def download_answer(self, request: Request) -> Response:
        """An answer, with the digest of its bytes."""
        kind, name = _kind_and_name(request)
        content = self.files.get(f"/in/{kind}/{name}") if kind in IN_KINDS and _NAME.fullmatch(name) else None
        if content is None:
            return _problem(404, "no_such_file")
        told = _digest(content[::-1] if self.home.faults.match("signature", request.url.path) else content)
        media_type = "text/plain" if name.endswith(".txt") else "application/xml"
        return Response(content, media_type=media_type, headers={"Content-Digest": told})

    async def move_answer(self, request: Request) -> Response:
        """Archive an answer; one that is already there counts as archived."""
        kind, name, folder = *_kind_and_name(request), str(request.path_params["folder"])
        if kind not in IN_KINDS or folder not in _PUT or not _NAME.fullmatch(name):
            return _problem(404, "no_such_place")
        source, target = f"/in/{kind}/{name}", f"/{folder}/{kind}/{name}"
        if self.files.size(source) is not None:
            try:
                self.files.move(source, target)
            except FileExistsError:
                return _problem(409, "name_taken")
        elif self.files.size(target) is None:
            return _problem(404, "no_such_file")
        if folder == "failed" and self.files.size(f"{target}.reason") is None:
            reason = str((await request.json()).get("reason", ""))
            self.files.put(f"{target}.reason", f"{reason}\n".encode())
        told = {"kind": kind, "name": self._reported_name(request, name), "state": _PUT[folder]}
        return JSONResponse(told)

    def _require_token(self, handler: Handler) -> Handler:
        async def check_token(request: Request) -> Response:
            self.looked()
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            kept = self.home.state.get("token", _token_hash(token)) if scheme == "Bearer" else None
            if kept is None or instant(kept["ends_at"]) <= self.home.clock.now():
                return JSONResponse(
                    {"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
                )
            return await handler(request)

        return check_token

    def _knows(self, given: str) -> bool:
        scheme, _, pair = given.partition(" ")
        try:
            known_as, _, secret = base64.b64decode(pair, validate=True).decode().partition(":")
        except ValueError:
            return False
        right = hmac.compare_digest(unquote(secret).encode(), self.client_secret.encode())
        return scheme == "Basic" and unquote(known_as) == self.client_id and right

    def _lies(self, kind: str, name: str) -> str | None:
        folders = (folder for folder in _STATES if self.files.size(f"/{folder}/{kind}/{name}") is not None)
        return next(folders, None)

    def _receipt(self, request: Request, kind: str, name: str, folder: str) -> dict[str, Any]:
        content = self.files.get(f"/{folder}/{kind}/{name}") or b""
        named = self._reported_name(request, name)
        return {"kind": kind, "name": named, "state": _STATES[folder], "size": len(content), "digest": _digest(content)}

    def _reported_name(self, request: Request, name: str) -> str:
        return f"9{name[1:]}" if self.home.faults.match("foreign", request.url.path) else name


def _kind_and_name(request: Request) -> tuple[str, str]:
    return str(request.path_params["kind"]), str(request.path_params["name"])


def _problem(status: int, code: str) -> Response:
    """RFC 9457."""
    return JSONResponse({"status": status, "code": code}, status, media_type="application/problem+json")


def _digest(content: bytes) -> str:
    """RFC 9530."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
