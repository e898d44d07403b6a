"""The operation of a page is measured and logged as one that is asked for at /graphql."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from gateway.http.admission import Admission, Share
from gateway.http.calls import OperationRecord
from gateway.http.edge import Edge
from gateway.settings.limits import Load
from tests.gateway.pages.conftest import Browse
from tests.support.graph import World


@pytest.fixture
def records() -> list[OperationRecord]:
    """What the metrics are told."""
    return []


@pytest.fixture
def edge(edge: Edge, records: list[OperationRecord]) -> Edge:
    """The usual edge, observed, with room for one operation at a time."""
    load = Load(start=1, least=1, most=1, wait_seconds=0, overload_wait_seconds=0)
    return replace(edge, admission=Admission(load, edge.clock), observe=records.append)


async def test_the_operation_of_a_page_is_measured_under_its_name(browse: Browse, records: list[OperationRecord]):
    async with browse() as browser:
        await browser.get("/")

    assert [(one.name, one.trusted, one.operation, one.status) for one in records] == [
        ("FrontPage", True, "query", 200)
    ]


async def test_a_form_is_measured_as_its_mutation(world: World, browse: Browse, records: list[OperationRecord]):
    application = await world.submit()

    async with browse("asha") as browser:
        await browser.post(
            f"/my/applications/{application.number}",
            data={"_form": "WithdrawMyApplication", "_key": "k", "input.applicationId": "none"},
        )

    assert [(one.name, one.operation) for one in records] == [
        ("WithdrawMyApplication", "mutation"),
        ("MyApplication", "query"),
    ]


async def test_a_refused_operation_is_measured_with_its_code(
    browse: Browse, edge: Edge, records: list[OperationRecord]
):
    async with edge.admission.slot(Share.STRANGERS), browse() as browser:
        await browser.get("/")

    assert (records[-1].status, records[-1].codes) == (503, ("OVERLOADED",))


async def test_the_operation_of_a_page_is_logged_with_the_id_of_its_request(browse: Browse):
    async with browse() as browser:
        with capture_logs() as lines:
            await browser.get("/")

    assert [(one["event"], one["operation"], one["status"]) for one in lines] == [("graphql", "query", 200)]
