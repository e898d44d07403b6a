"""Officers and finance officers are told what holds benefits back: a tile with its number, and the list behind it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from domain.kernel import Bilingual, Language, Officer, OfficerLevel, PersonKind, Posting, Role, Subject
from store.benefits import benefits
from store.catalogue import catalogue
from store.identity import accesses, people
from store.payments.payment_tables import batches_table
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, NOW, OFFICER, STRANGE_OFFICER, World

BOARDS = "{ viewer { ... on Officer { dashboards { role title tiles { key title definition value unit held } } } } }"
HELD = """
query ($state: BenefitState!, $first: Int!, $after: String) {
  heldBenefits(state: $state, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { number state scheme { code } instalments { hold } budget { state } } } }
"""


async def finance_officer(world: World, district: str = "49") -> Subject:
    posting = Posting(Role.FINANCE_OFFICER, None, district)
    key, title = world.environment.ids.key(), Bilingual("वित्त अधिकारी", "Finance officer")
    async with world.environment.store.write_transaction() as tx:
        await people.add_officer(tx, Officer(key, Bilingual(None, "F"), title, f"{key}@officer.example", (posting,)))
    return Subject(frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, key, (posting,))


async def held(world: World, state: str, subject: Subject = CITIZEN) -> str:
    """A pension that a state holds back; gives its number."""
    application = await world.approve(await world.submit("ES90", subject))
    async with world.environment.store.write_transaction() as tx:
        [sanction] = (await benefits.sanction_of_applications(tx, [application.id])).values()
        table = benefits.sanctions_table
        await tx.connection.execute(update(table).where(table.c.id == sanction.id).values(state=state))
    return sanction.number


async def tiles(world: World, subject: Subject, language: Language = Language.EN) -> dict[str, dict]:
    boards = (await world.ask(BOARDS, subject, language=language))["data"]["viewer"]["dashboards"]
    return {tile["key"]: tile for board in boards for tile in board["tiles"]}


async def listed(world: World, subject: Subject, state: str, **more: object):
    answer = await world.ask(HELD, subject, **{"state": state, "first": 10} | more)
    return answer["data"]["heldBenefits"], [error["extensions"]["code"] for error in answer["errors"]]


async def receipts(world: World) -> list[int]:
    """How many reads Asha and her neighbour see."""
    async with world.environment.store.read_transaction() as tx:
        return [len(await accesses.of_citizen(tx, who, 100)) for who in (ASHA, NEIGHBOUR.person_id)]


@pytest.mark.parametrize(
    ("state", "key"),
    [
        ("BUDGET_WAIT", "BENEFITS_WITHOUT_BUDGET"),
        ("LIFE_CERTIFICATE_DUE", "LIFE_CERTIFICATES_DUE"),
        ("REVIEW_DUE", "REVIEWS_OVERDUE"),
    ],
)
async def test_what_holds_a_benefit_back_is_a_tile_of_its_office_and_of_who_pays_with_the_list_behind(
    world: World, state: str, key: str
):
    finance = await finance_officer(world)
    assert key not in await tiles(world, OFFICER)
    assert (await tiles(world, finance))[key]["value"] == 0
    number = await held(world, state)
    for subject in (OFFICER, finance):
        tile = (await tiles(world, subject))[key]
        assert (tile["value"], tile["unit"], tile["held"]) == (1, "BENEFITS", state)
        found, errors = await listed(world, subject, tile["held"])
        assert errors == []
        assert found["totalCount"] == 1
        assert [(one["number"], one["state"]) for one in found["nodes"]] == [(number, state)]
    elsewhere = await finance_officer(world, "45")
    assert (await tiles(world, elsewhere))[key]["value"] == 0
    assert (await listed(world, elsewhere, state))[0]["nodes"] == []
    assert key not in await tiles(world, STRANGE_OFFICER)


async def test_a_sanction_that_was_made_without_budget_is_there_at_once(world: World):
    async with world.environment.store.write_transaction() as tx:
        [scheme] = [one for one in (await catalogue.schemes(tx)).values() if one.code == "old-age"]
        await catalogue.upsert_schemes(tx, [replace(scheme, amount_paise=1_000_001)])
    await world.approve(await world.submit("ES90"))
    found, _ = await listed(world, OFFICER, "BUDGET_WAIT")
    [one] = found["nodes"]
    assert (one["instalments"], one["budget"]) == ([{"hold": "BUDGET"}], {"state": "TOO_LITTLE"})
    assert (await tiles(world, OFFICER))["BENEFITS_WITHOUT_BUDGET"]["value"] == 1


async def test_the_list_has_pages_and_each_look_leaves_a_receipt(world: World):
    numbers = [await held(world, "REVIEW_DUE"), await held(world, "REVIEW_DUE", NEIGHBOUR)]
    hers, neighbours = await receipts(world)
    page, _ = await listed(world, OFFICER, "REVIEW_DUE", first=1)
    assert page["pageInfo"]["hasNextPage"] is True
    assert await receipts(world) == [hers + 1, neighbours]  # the row beyond the page is looked at by nobody
    rest, _ = await listed(world, OFFICER, "REVIEW_DUE", first=1, after=page["pageInfo"]["endCursor"])
    assert {one["number"] for one in [*page["nodes"], *rest["nodes"]]} == set(numbers)
    assert await receipts(world) == [hers + 1, neighbours + 1]


async def test_who_neither_decides_nor_pays_benefits_is_told_nothing(world: World):
    await held(world, "REVIEW_DUE")
    above = Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.FIRST_APPELLATE)
    appellate = Subject(frozenset({Role.APPELLATE}), PersonKind.OFFICER, "above", (above,))
    for subject in (CITIZEN, appellate):
        assert await listed(world, subject, "REVIEW_DUE") == (None, ["NOT_FOUND"])


async def test_refused_files_are_a_tile_of_finance_officers_in_both_languages(world: World):
    finance = await finance_officer(world)
    refused = batch("1", "REJECTED", NOW)
    others = [batch("2", "CLOSED", NOW), batch("3", "REJECTED", NOW - timedelta(days=31))]
    async with world.environment.store.write_transaction() as tx:
        await tx.connection.execute(batches_table.insert(), [refused, *others])
    found = (await tiles(world, finance, Language.HI))["BATCHES_REFUSED"]
    assert (found["value"], found["unit"], found["title"]) == (1, "FILES", "पीएफएमएस द्वारा अस्वीकृत फ़ाइलें")
    assert (await tiles(world, finance))["BATCHES_REFUSED"]["title"] == "Files refused by PFMS"


def batch(key: str, state: str, answered_at: datetime) -> dict[str, object]:
    """The row of a file of one payment."""
    words = (
        "id",
        "message_id",
        "batch_id",
        "file_name",
        "scheme_code",
        "agency",
        "method",
        "pfms_scheme",
        "agency_name",
    )
    return dict.fromkeys(words, key) | {
        "kind": "PAYMENT",
        "lines": 1,
        "total_paise": 150_000,
        "state": state,
        "created_at": answered_at,
        "executes_on": answered_at.date(),
        "answered_at": answered_at,
    }
