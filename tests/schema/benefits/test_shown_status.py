"""An application whose benefit came back is not shown as delivered, wherever the citizen looks."""

from typing import Any

import pytest

from actions.benefits.payment_orders import reissue
from actions.kernel import UnitOfWork
from domain.applications.lifecycle import Status
from domain.benefits.benefits import PaymentStatus
from domain.kernel import SYSTEM, Language
from store.applications import applications
from tests.schema.benefits.test_benefit_course import pension, sanctioned, tell
from tests.support.graph import CITIZEN, World

HOME = """
query ($in: Language) { viewer { ... on Citizen {
  applications(first: 5) { totalCount nodes { number status statusLabel(language: $in) } }
  delivered: applications(first: 5, filter: {statuses: [DELIVERED]}) { totalCount nodes { number } }
  sanctioned: applications(first: 5, filter: {statuses: [BENEFIT_SANCTIONED]}) { totalCount nodes { number } }
  dashboard { counts { status count } latest { number status statusLabel(language: $in) } }
} } }
"""
SYNC = "query ($since: String) { changes(first: 10, since: $since) { nextCursor present { number status } } }"


@pytest.fixture
def world(each_world: World) -> World:
    return each_world


async def home(world: World, language: Language = Language.EN) -> dict[str, Any]:
    """What the citizen sees of her applications."""
    answer = await world.ask(HOME, CITIZEN, language, **{"in": language.value.upper()})
    assert answer["errors"] == []
    viewer: dict[str, Any] = answer["data"]["viewer"]
    return viewer


def shown(viewer: dict[str, Any]) -> dict[str, Any]:
    """Where her one application stands, in every list."""
    [row], board = viewer["applications"]["nodes"], viewer["dashboard"]
    [latest], [count] = board["latest"], board["counts"]
    assert (row["status"], row["statusLabel"]) == (latest["status"], latest["statusLabel"])
    assert count == {"status": row["status"], "count": 1}
    lists = {name: viewer[name]["totalCount"] for name in ("delivered", "sanctioned")}
    assert lists == {name: len(viewer[name]["nodes"]) for name in lists}
    return {"status": row["status"], "label": row["statusLabel"], **lists}


async def test_a_payment_that_came_back_is_not_shown_as_delivered(world: World):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.CREDITED)
    credited = shown(await home(world))
    await tell(world, application, PaymentStatus.RETURNED, return_code="53")
    returned, hindi = shown(await home(world)), shown(await home(world, Language.HI))

    assert credited == {"status": "DELIVERED", "label": "Delivered", "delivered": 1, "sanctioned": 0}
    assert returned == {
        "status": "BENEFIT_SANCTIONED",
        "label": "Sanctioned; the payment has not arrived",
        "delivered": 0,
        "sanctioned": 1,
    }
    assert hindi["label"] == "स्वीकृत; भुगतान नहीं पहुँचा"


async def test_an_account_that_was_refused_is_not_shown_as_delivered(world: World):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.BENEFICIARY_REJECTED)

    assert shown(await home(world))["status"] == "BENEFIT_SANCTIONED"


async def test_it_is_delivered_again_only_once_the_money_that_was_paid_again_arrives(world: World):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.RETURNED, return_code="53")
    async with world.environment.store.write_transaction() as tx:
        held, latest = await sanctioned(tx, application)
        await reissue(UnitOfWork(world.environment, tx, SYSTEM), held, latest)
    ordered = shown(await home(world))["status"]
    await tell(world, application, PaymentStatus.INSTRUCTED)
    sent = shown(await home(world))["status"]
    await tell(world, application, PaymentStatus.CREDITED)

    assert (ordered, sent) == ("BENEFIT_SANCTIONED", "BENEFIT_SANCTIONED")
    assert shown(await home(world))["status"] == "DELIVERED"


async def test_a_phone_that_follows_her_applications_is_told_that_the_money_came_back(world: World):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.CREDITED)
    before = (await world.ask(SYNC, CITIZEN))["data"]["changes"]
    await tell(world, application, PaymentStatus.RETURNED, return_code="53")
    after = (await world.ask(SYNC, CITIZEN, since=before["nextCursor"]))["data"]["changes"]

    assert before["present"] == [{"number": application.number, "status": "DELIVERED"}]
    assert after["present"] == [{"number": application.number, "status": "BENEFIT_SANCTIONED"}]


async def test_what_the_law_counts_stays_delivered(world: World):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.RETURNED, return_code="53")
    async with world.environment.store.read_transaction() as tx:
        kept = await applications.get(tx, application.id)

    assert kept is not None
    assert (kept.status, kept.delivered_at is None) == (Status.DELIVERED, False)
