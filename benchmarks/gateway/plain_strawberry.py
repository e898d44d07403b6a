"""The graph of node/portal.graphql in plain Strawberry over the recorded answers, as its documentation shows it."""

# ruff: noqa: D101 - the types are those of node/portal.graphql, by their names

import asyncio
import json
import os
from typing import Any

import httpx
import strawberry
import uvicorn
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.types import Info

UPSTREAM = os.environ["UPSTREAM"]
KEPT: list[str] = json.loads(os.environ.get("KEPT", "[]"))


@strawberry.type
class Deadline:
    due_at: str | None
    working_days_left: int | None


@strawberry.type
class Department:
    name: str


@strawberry.type
class Service:
    code: str
    name: str
    department: Department | None


@strawberry.type
class Services:
    total_count: int
    nodes: list[Service]


@strawberry.type
class Application:
    number: str
    status: str
    deadline: Deadline
    service_code: strawberry.Private[str]

    @strawberry.field
    async def service(self, info: Info) -> Service:
        found: Service = await info.context["services"].load(self.service_code)
        return found


@strawberry.type
class Applications:
    nodes: list[Application]


@strawberry.type
class Provenance:
    source: str
    state: str
    as_of: str | None


@strawberry.type
class Certificate:
    uri: str | None
    name: str
    issuer: str


@strawberry.type
class Certificates:
    nodes: list[Certificate]
    complete: bool
    provenance: list[Provenance]


@strawberry.type
class Scheme:
    name: str


@strawberry.type
class Benefit:
    scheme: Scheme
    amount: int
    status: str


@strawberry.type
class Benefits:
    nodes: list[Benefit]
    complete: bool
    provenance: list[Provenance]


@strawberry.type
class Member:
    name: str


@strawberry.type
class RationCard:
    scheme: str | None
    members: list[Member]
    provenance: list[Provenance]


@strawberry.type
class LinkedAccount:
    provider: str
    linked_at: str


@strawberry.type
class Source:
    name: str
    state: str | None


@strawberry.type
class Citizen:
    id: strawberry.ID
    name: str

    @strawberry.field
    async def applications(self, info: Info, first: int) -> Applications:
        given = await info.context["get"](f"/applications?citizen={self.id}&first={first}")
        return Applications(
            nodes=[
                Application(
                    number=one["number"],
                    status=one["status"],
                    deadline=Deadline(
                        due_at=one["deadline"]["dueAt"], working_days_left=one["deadline"]["workingDaysLeft"]
                    ),
                    service_code=one["serviceCode"],
                )
                for one in given["nodes"]
            ]
        )

    @strawberry.field
    async def certificates(self, info: Info) -> Certificates:
        given = await info.context["get"](f"/certificates?citizen={self.id}")
        nodes = [Certificate(uri=one["uri"], name=one["name"], issuer=one["issuer"]) for one in given["nodes"]]
        return Certificates(nodes=nodes, complete=given["complete"], provenance=_provenance(given))

    @strawberry.field
    async def benefits(self, info: Info) -> Benefits:
        given = await info.context["get"](f"/benefits?citizen={self.id}")
        nodes = [
            Benefit(scheme=Scheme(name=one["scheme"]["name"]), amount=one["amount"], status=one["status"])
            for one in given["nodes"]
        ]
        return Benefits(nodes=nodes, complete=given["complete"], provenance=_provenance(given))

    @strawberry.field
    async def ration_card(self, info: Info) -> RationCard | None:
        given = await info.context["get"](f"/ration-card?citizen={self.id}")
        members = [Member(name=one["name"]) for one in given["members"]]
        return RationCard(scheme=given["scheme"], members=members, provenance=_provenance(given))

    @strawberry.field
    async def linked_accounts(self, info: Info) -> list[LinkedAccount]:
        given = await info.context["get"](f"/linked-accounts?citizen={self.id}")
        return [LinkedAccount(provider=one["provider"], linked_at=one["linkedAt"]) for one in given]


@strawberry.type
class Query:
    @strawberry.field
    async def viewer(self, info: Info) -> Citizen:
        given = await info.context["get"]("/viewer")
        return Citizen(id=strawberry.ID(given["id"]), name=given["name"])

    @strawberry.field
    async def services(self, info: Info, first: int) -> Services:
        given = await info.context["get"](f"/services?first={first}")
        return Services(total_count=given["totalCount"], nodes=[_service(one) for one in given["nodes"]])

    @strawberry.field
    async def sources(self, info: Info) -> list[Source]:
        given = await info.context["get"]("/sources")
        return [Source(name=one["name"], state=one["state"]) for one in given]


def _service(one: Any) -> Service:
    department = one["department"]
    return Service(code=one["code"], name=one["name"], department=department and Department(name=department["name"]))


def _provenance(given: Any) -> list[Provenance]:
    return [Provenance(source=one["source"], state=one["state"], as_of=one["asOf"]) for one in given["provenance"]]


class Portal(GraphQL[Any, Any]):
    """One client for all requests; a loader for each."""

    client: httpx.AsyncClient | None = None
    memory: dict[str, Any] | None = None

    async def _get(self, path: str) -> Any:
        if self.memory is not None:
            return self.memory[path]
        if self.client is None:
            self.client = httpx.AsyncClient(base_url=UPSTREAM, trust_env=False)
        return (await self.client.get(path)).json()

    async def get_context(self, request: Any, response: Any) -> Any:  # noqa: ARG002 - Strawberry's shape
        async def load(codes: list[str]) -> list[Service]:
            return [_service(one) for one in await asyncio.gather(*(self._get(f"/services/{code}") for code in codes))]

        return {"get": self._get, "services": DataLoader(load)}


def main() -> None:
    """Serve until SIGTERM."""
    app = Portal(strawberry.Schema(Query), graphql_ide=None)
    if KEPT:
        with httpx.Client(base_url=UPSTREAM, trust_env=False) as client:
            app.memory = {path: client.get(path).json() for path in KEPT}
    port = int(os.environ["PORT"])
    uvicorn.run(app, host="127.0.0.1", port=port, lifespan="off", loop="uvloop", access_log=False, log_level="error")


if __name__ == "__main__":
    main()
