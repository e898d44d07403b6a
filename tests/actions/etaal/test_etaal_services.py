"""Services under codes of e-Taal: who may give them, what is refused, and that nothing without one is lost."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from actions.etaal.services import MAPPED, MapService, change_mapping, count_services, map_service, services_page
from domain.etaal.counting import STATUS_LINE, Category, CountingEvent, Level, Transaction
from domain.kernel import ANONYMOUS, ErrorCode, NotSignedIn, PersonKind, Problems, Role, Subject
from store.etaal import ledger, ledger_seal
from tests.support.actions import World
from tests.support.stored import audit_lines_of

DAY = date(2026, 11, 24)
WANTED = MapService("ES09", "UK0517", Category.A, Level.DISTRICT, date(2026, 4, 1), "Certificates")
ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin")
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "auditor")


async def page(world: World, **changes: Any) -> list[str]:
    asked: dict[str, Any] = {"unmapped_only": False, "place": None, "backward": False, "limit": 1000} | changes
    return [each.code for each in await services_page(world.env, AUDITOR, **asked)]


async def test_every_service_scheme_and_the_line_of_enquiries_is_listed(world: World):
    every = await page(world)
    assert every == sorted(every)
    assert {STATUS_LINE, "ES09"} <= set(every)
    assert await count_services(world.env, AUDITOR, unmapped_only=False) == len(every)
    first, second = await page(world, limit=3), await page(world, limit=3, place=every[2])
    assert [*first, *second] == every[:6]
    assert await page(world, limit=2, backward=True) == every[-2:]
    assert await page(world, limit=2, backward=True, place=every[5]) == every[3:5]


async def test_what_was_counted_without_a_code_is_listed_with_how_much(world: World):
    row = Transaction("DELIVERED:0", CountingEvent.DELIVERED, DAY, "UKX-GONE00", "57", "WEB", "A", 1, "2026-2")
    async with world.env.store.write_transaction() as tx:
        await ledger.record(tx, row)
        await ledger.record(tx, replace(row, event_key="DELIVERED:1", day=date(2026, 11, 20)))
    await ledger_seal.seal(world.env.store)
    found = await services_page(world.env, AUDITOR, unmapped_only=True, place="UKX-GONE", backward=False, limit=1)
    assert [(each.code, each.name, each.uncoded_count, each.first_uncoded_on) for each in found] == [
        ("UKX-GONE00", None, 2, date(2026, 11, 20))
    ]
    async with world.env.store.write_transaction() as tx:
        assert (await change_mapping(tx, replace(WANTED, service_code="UKX-GONE00"), by="test")).revised_days == 2
    assert "UKX-GONE00" not in await page(world, unmapped_only=True)


async def test_an_administrator_gives_a_code_once_and_it_is_audited(world: World):
    done, replayed = await map_service(world.env, ADMIN, WANTED, idempotency_key="k")
    again, second = await map_service(world.env, ADMIN, WANTED, idempotency_key="k")
    assert (done, replayed, second) == (again, False, True)
    async with world.env.store.read_transaction() as tx:
        (line,) = [each for each in await audit_lines_of(tx, "COUNTS", "ES09") if each.action == MAPPED]
    assert line.detail == {
        "code": "UK0517",
        "category": "A",
        "level": "DISTRICT",
        "startsOn": "2026-04-01",
        "revisedDays": 0,
    }


async def test_nobody_but_an_administrator_gives_codes_and_a_citizen_sees_none(world: World):
    for subject in (AUDITOR, world.registrar, world.asha):
        with pytest.raises(Problems) as refused:
            await map_service(world.env, subject, WANTED, idempotency_key="k")
        assert refused.value.problems[0].code is ErrorCode.NOT_FOUND
    with pytest.raises(Problems):
        await count_services(world.env, world.asha, unmapped_only=True)
    with pytest.raises(NotSignedIn):
        await count_services(world.env, ANONYMOUS, unmapped_only=True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"service_code": "NOT-THERE"}, "serviceCode"),
        ({"etaal_code": ""}, "etaalCode"),
        ({"etaal_code": "LOCAL-ES09"}, "etaalCode"),
        ({"etaal_code": "UK|A"}, "etaalCode"),
        ({"etaal_code": "U" * 33}, "etaalCode"),
        ({"category": Category.D}, "category"),
        ({"service_code": STATUS_LINE}, "category"),
        ({"starts_on": date(2012, 12, 31)}, "startsOn"),
        ({"standard_service": ""}, "standardService"),
        ({"standard_service": "x" * 101}, "standardService"),
    ],
)
async def test_what_cannot_be_is_refused_by_field(world: World, changes: dict[str, Any], field: str):
    with pytest.raises(Problems) as refused:
        await map_service(world.env, ADMIN, replace(WANTED, **changes), idempotency_key="k")
    assert [problem.path for problem in refused.value.problems] == [("input", field)]


async def test_a_code_stands_for_one_category_and_level(world: World):
    await map_service(world.env, ADMIN, WANTED, idempotency_key="k")
    same = replace(WANTED, service_code="ES10")
    await map_service(world.env, ADMIN, same, idempotency_key="same")
    with pytest.raises(Problems):
        await map_service(world.env, ADMIN, replace(same, category=Category.F), idempotency_key="other")
