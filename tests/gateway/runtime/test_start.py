"""A gateway says that it is ready once it knows the published operations, and not before."""

import asyncio
import shutil
from pathlib import Path

import httpx
import pytest

from actions.platform.manifests import publish_manifest, sign_manifest
from domain.platform.manifests import Manifest, Operation, document_id
from gateway.app import create_app
from gateway.graphql.trusted import TrustedDocumentLoader
from gateway.runtime.composition import open_storage
from tests.gateway.runtime.test_composition import settings

pytestmark = pytest.mark.integration

BODY = "query Departments {\n  departments {\n    slug\n  }\n}"
KNOWN = document_id(BODY)


@pytest.fixture
async def home(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """A home where an operation is published."""
    shutil.copy(migrated_sqlite, tmp_path / "store.db")
    async with open_storage(settings(tmp_path)) as env:
        manifest = Manifest("citizen_app", "1.0.0", (Operation(KNOWN, "Departments", "query", BODY),))
        signed = sign_manifest(env.keyrings, manifest)
        await env.store.carry_out(lambda tx: publish_manifest(tx, env.keyrings, signed, by="CLI:root"))
    return tmp_path


async def test_a_gateway_is_ready_once_it_knows_the_published_operations_and_not_before(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    asked, goes_on = asyncio.Event(), asyncio.Event()
    take_over = TrustedDocumentLoader._take_over

    async def takes_its_time(loader: TrustedDocumentLoader) -> bool:
        asked.set()
        await goes_on.wait()
        return await take_over(loader)

    monkeypatch.setattr(TrustedDocumentLoader, "_take_over", takes_its_time)
    app = create_app(settings(home))
    started, over = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with app.router.lifespan_context(app):
            started.set()
            await over.wait()

    line = httpx.ASGITransport(app)
    async with (
        asyncio.timeout(60),
        httpx.AsyncClient(transport=line, base_url="http://gateway.test") as client,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(serve())
        await asked.wait()
        before = (await client.get("/health/ready")).status_code
        goes_on.set()
        await started.wait()
        after = (await client.get("/health/ready")).status_code
        answer = (await client.post("/graphql", json={"documentId": f"sha256:{KNOWN}"})).json()
        over.set()

    assert (before, after, answer["data"]) == (503, 200, {"departments": []})
