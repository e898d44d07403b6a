"""The sandbox of the portal's catalogue API, written from docs/catalogue.md alone.

`GET /api/service` gives every record as one list. INFERRED: that it is not paged, and the parts of a document. The
records are those of demo/portal_catalogue.json; the action `change` alters one, as the portal's staff would.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app


def create_sandbox(home: SandboxHome) -> Sandbox:
    """The portal's public list of services."""
    home.hand_over({"sandbox": True, "base_url": home.public_url, "path": "/api/service"})
    records = list(home.demo["portal_catalogue"])

    def current_records() -> list[dict[str, Any]]:
        return [{**record, **(home.state.get("changed", record["id"]) or {})} for record in records]

    async def services(request: Request) -> Response:
        request.state.ledger_effect = "catalogue read"
        return JSONResponse(current_records())

    def change(arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Alter a record: `id`, and the fields with their new values."""
        code = str(arguments["id"])
        if code not in {record["id"] for record in records}:
            return {"changed": False}
        given = {name: value for name, value in arguments.items() if name != "id"}
        home.state.put("changed", code, {**(home.state.get("changed", code) or {}), **given})
        return {"changed": True}

    return sandbox_app(home, [Route("/api/service", services, methods=["GET"])], actions={"change": change})
