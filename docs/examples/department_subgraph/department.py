"""The subgraph of a department: what the forest department knows of citizens and of applications.

Run it beside the gateway and give both to a router:

    python department.py --register register.json --secret-file router.secret --port 8210

The register is a JSON file of the department's own:

    {"permits": [{"number": "F-7", "citizen": "<Citizen.id>", "species": "Pinus roxburghii", "trees": 2}],
     "inspections": [{"application": "<Application.number>", "on": "2026-11-24", "remark": "Two trees stand."}]}

Only a router may ask: it has decided with the gateway's help who sees which citizen and which application, and
proves itself by the secret that it shares with its subgraphs.
"""

import argparse
import datetime as dt
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.federation.schema_directives import Authenticated

SHORTEST_SECRET = 32
Register = Mapping[str, Any]


@strawberry.type(description="A permit to fell trees on private land.")
class FellingPermit:
    """One permit."""

    number: str = strawberry.field(description="Its number.")
    species: str = strawberry.field(description="Which trees.")
    trees: int = strawberry.field(description="How many.")


@strawberry.type(description="A visit of the forest guard to the place that an application is about.")
class SiteInspection:
    """One visit."""

    inspected_on: dt.date = strawberry.field(description="The day.")
    remark: str = strawberry.field(description="What the guard found.")


def register_of(info: strawberry.Info) -> Register:
    """The department's register, which the request carries."""
    found: Register = info.context["register"]
    return found


@strawberry.federation.type(keys=["id"], description="A citizen of the portal, as the gateway knows her.")
class Citizen:
    """What the department adds to a citizen."""

    id: strawberry.ID = strawberry.field(description="The gateway's id.")

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Citizen":  # noqa: A002 - the name of the key
        """A reference is enough: the gateway has found her, and who asks may see her."""
        return cls(id=id)

    @strawberry.field(description="Her permits; null where the register cannot be read.", directives=[Authenticated()])
    def felling_permits(self, info: strawberry.Info) -> list[FellingPermit] | None:
        """The permits in her name."""
        return [
            FellingPermit(number=row["number"], species=row["species"], trees=row["trees"])
            for row in register_of(info)["permits"]
            if row["citizen"] == self.id
        ]


@strawberry.federation.type(keys=["number"], description="An application of the portal.")
class Application:
    """What the department adds to an application."""

    number: str = strawberry.field(description="The gateway's number: fourteen digits.")

    @classmethod
    def resolve_reference(cls, number: str) -> "Application":
        """A reference is enough, as for a citizen."""
        return cls(number=number)

    @strawberry.field(description="Inspections of its site; null where the register cannot be read.")
    def site_inspections(self, info: strawberry.Info) -> list[SiteInspection] | None:
        """The visits that were made for it."""
        return [
            SiteInspection(inspected_on=dt.date.fromisoformat(row["on"]), remark=row["remark"])
            for row in register_of(info)["inspections"]
            if row["application"] == self.number
        ]


@strawberry.type(description="What can be asked of the department by itself.")
class Query:
    """The root."""

    @strawberry.field(description="How many permits are in force.")
    def felling_permit_count(self, info: strawberry.Info) -> int | None:
        """A number about nobody."""
        return len(register_of(info)["permits"])


SCHEMA = strawberry.federation.Schema(Query, types=[Citizen, Application], federation_version="2.9")
"""Federation 2.9, as the gateway: later versions break one of three composers."""


class ForRouters(GraphQL[Any, Any]):
    """The endpoint: it answers a router that knows the secret, and nobody else."""

    def __init__(self, register: Register, secret: str) -> None:
        super().__init__(SCHEMA, graphql_ide=None, allow_queries_via_get=False)
        self._register = register
        self._secret = secret.encode()

    async def get_context(self, request: Any, response: Any) -> Mapping[str, Any]:
        """The register, for a router."""
        given = request.headers.get("x-router-secret", "").encode()
        if not hmac.compare_digest(given, self._secret):
            raise PermissionError("only a router may ask")
        return {"request": request, "response": response, "register": self._register}


async def refused(_: Request, __: Exception) -> Response:
    """What everybody else is told."""
    body = {"errors": [{"message": "Only a router may ask.", "extensions": {"code": "FORBIDDEN"}}]}
    return Response(json.dumps(body), 403, media_type="application/json")


def create_app(register: Register, secret: str) -> Starlette:
    """The department's server; raises ValueError for a secret that is too short."""
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"the secret has {SHORTEST_SECRET} characters or more")
    routes = [Route("/graphql", ForRouters(register, secret))]
    return Starlette(routes=routes, exception_handlers={PermissionError: refused})


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="The forest department's subgraph.")
    parser.add_argument("--register", type=Path, required=True, help="the register, a JSON file")
    parser.add_argument("--secret-file", type=Path, required=True, help="a file with the router's secret")
    parser.add_argument("--port", type=int, default=8210)
    given = parser.parse_args()
    register = json.loads(given.register.read_text(encoding="utf-8"))
    app = create_app(register, given.secret_file.read_text(encoding="utf-8").strip())
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
