"""The fullest first page is small enough for a phone with little data, and so is an answer about changes."""

import json
from datetime import timedelta

from domain.applications.lifecycle import Status
from domain.kernel import Language
from gateway.http.compression import gzip_body
from store.applications import applications
from tests.store import builders
from tests.support.databases import NOW
from tests.support.graph import ASHA, CITIZEN, OFFICER
from tests.support.operations import operation

MOST = 4096
"""Octets of the dashboard operation, compressed as the edge compresses it (issue: phones with little data)."""

LONGEST_BLUR = 99
"""Octets of comment that the edge adds at most, so that lengths tell nothing."""


def packed(answer) -> int:
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    return len(gzip_body(body, LONGEST_BLUR))


async def keep(world, many: int, *states: Status):
    """So many cases of hers, in the states in turn, all due on other days."""
    async with world.environment.store.write_transaction() as tx:
        for number in range(many):
            one = builders.application(
                f"01930000-0000-7000-9000-{number:012}",
                citizen_id=ASHA,
                service_code="ES09",
                district="49",
                tehsil="304",
                number=f"1{(number + 7) * 7_919_113_337 % 10**13:013}",
                status=states[number % len(states)],
                due_at=NOW + timedelta(days=1 + number % 20),
            )
            await applications.add(tx, one)


async def test_the_fullest_dashboard_is_at_most_four_kilobytes_compressed(world):
    await keep(world, 120, *Status)
    answer = await world.ask(operation("citizen_app/dashboard"), CITIZEN, Language.HI)

    page = answer["data"]["viewer"]["dashboard"]
    assert answer["errors"] == []
    assert len(page["counts"]) == len(Status)
    assert len(page["waitingForMe"]["openQueries"]) + len(page["waitingForMe"]["feesPending"]) >= 18
    assert (len(page["nextDeadlines"]), len(page["latest"])) == (5, 5)
    assert packed(answer) <= MOST


async def test_what_changed_in_a_long_list_costs_what_changed_and_not_the_list(world):
    await keep(world, 60, Status.IN_SCRUTINY)
    sync, followed = operation("citizen_app/sync"), operation("officer_app/sync")
    whole = await world.ask(sync, CITIZEN, Language.HI, first=100)
    queue = await world.ask(followed, OFFICER, Language.HI, first=100)
    async with world.environment.store.write_transaction() as tx:
        one = (await applications.page_of_citizen(tx, ASHA, limit=1))[0]
        await applications.save(tx, one, one.version)

    hers = await world.ask(sync, CITIZEN, Language.HI, since=whole["data"]["changes"]["nextCursor"])
    office = await world.ask(
        followed, OFFICER, Language.HI, since=queue["data"]["viewer"]["queueChanges"]["nextCursor"]
    )

    assert len(whole["data"]["changes"]["present"]) == 60
    assert len(queue["data"]["viewer"]["queueChanges"]["present"]) == 60
    for told in (hers["data"]["changes"], office["data"]["viewer"]["queueChanges"]):
        assert [row["number"] for row in told["present"]] == [one.number]
        assert told["removedIds"] == []
    assert max(packed(hers), packed(office)) < 1024
