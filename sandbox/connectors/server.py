"""The sandbox that a connector's file makes: it replays the answers of the file's examples, byte for byte.

It checks the authentication that the file says by code of its own, and knows requests by raw comparison (examples.py).
It proves that client and file agree with what was recorded; only a sandbox from a contract, or the system itself, can
say that the file is right. What fits no example is 404, and the ledger says so.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.connectors.checks import Checks, Refused, new_secrets
from sandbox.connectors.examples import File, Received, find_example, read_file, routes


def sandbox_of(path: Path) -> Callable[[SandboxHome], Sandbox]:
    """What makes the sandbox of the file at a path."""
    return partial(_create_sandbox, path)


def _create_sandbox(path: Path, home: SandboxHome) -> Sandbox:
    file = read_file(path)
    given = home.state.get_or_create("account", "apuni", lambda: new_secrets(file))
    certificates = {
        way["secret"]: home.caller_certificate for way in file.content.get("auth", ()) if way["type"] == "mtls"
    }
    home.hand_over({"base_url": home.public_url, **given, **certificates})
    system = _Replayed(home, file, Checks(home, file, given))
    served = [Route(path, system.serve, methods=[method]) for method, path in routes(file)]
    return sandbox_app(
        home,
        [*system.checks.routes(), *served],
        actions={"answer": system.answer},
        wants_certificate=system.checks.wants_certificate,
    )


class _Replayed:
    """A system that knows only its examples."""

    def __init__(self, home: SandboxHome, file: File, checks: Checks) -> None:
        self._home, self._file = home, file
        self.checks = checks

    async def serve(self, request: Request) -> Response:
        """One call."""
        body = await request.body()
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        received = Received(
            request.method,
            path,
            tuple(request.query_params.multi_items()),
            {name.lower(): value for name, value in request.headers.items()},
            body,
        )
        try:
            received = self.checks.let_in(request, received)
        except Refused as refused:
            request.state.ledger_effect = f"refused {refused.reason}"
            return Response(refused.reason, 401, media_type="text/plain")
        example = find_example(self._file, received)
        if example is None:
            request.state.ledger_effect = "no example"
            return Response('{"error":"no example has this request"}', 404, media_type="application/json")
        request.state.ledger_effect = f"example of {example['call']}"
        answer = (self._home.state.get("answer", example["call"]) or {"answer": example["answer"]})["answer"]
        return _answer(answer, xml=self._file.wire in {"soap", "xml"})

    def answer(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a `call` with `status`, `body` and `headers` from now on; without `status` by its examples again."""
        call = str(arguments["call"])
        self._home.state.take("answer", call)
        if "status" in arguments:
            self._home.state.add("answer", call, {"answer": dict(arguments)})
        return {"call": call}


def _answer(answer: Mapping[str, Any], *, xml: bool) -> Response:
    headers = dict(answer.get("headers", {}))
    usual = "text/xml; charset=utf-8" if xml else "application/json"
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), usual)
    rest = {name: value for name, value in headers.items() if name.lower() not in {"content-type", "content-length"}}
    return Response(answer.get("body", ""), int(answer["status"]), rest, media_type=kind)
