"""The search over a store: the same answers on SQLite and on PostgreSQL, and new ones when the catalogue changed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from actions.catalogue.rows import Catalogue, read_catalogue
from actions.catalogue.search import Wanted, find_services, index_of, page_of, place_of
from actions.kernel import Environment
from demo.seeding import catalogue_rows as rows_of
from domain.catalogue.catalogue import Facts, LifeEvent, Situation
from domain.catalogue.search import CatalogueIndex
from domain.kernel import Bilingual, ManualClock, SeededIds
from store.catalogue import catalogue
from store.database import Keyrings, Store
from tests.support.actions import catalogue_rows
from tests.support.catalogued import bare_environment

READ = read_catalogue(catalogue_rows())
NEITHAL = read_catalogue(rows_of(Path(__file__).parents[2] / "states" / "neithal"))
QUESTIONS = (
    "jati praman patra",
    "mool niwas",
    "aay",
    "vriddha pension",
    "certifcate",
    "licence",
    "pension",
    "प्रमाण पत्र",
    "revenue",
    "bijli",
    "zzzz",
)


@pytest.fixture
def read() -> Catalogue:
    return READ


@pytest.fixture
async def env(
    store: Store, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path, read
) -> AsyncIterator[Environment]:
    async with store.write_transaction() as tx:
        await catalogue.upsert_departments(tx, read.departments)
        await catalogue.upsert_services(tx, read.services)
    async with bare_environment(store, store_keyrings, store_clock, tmp_path, SeededIds(store_clock, "search")) as made:
        yield made


async def codes(env: Environment, **wanted) -> list[str]:
    return [found.service.code for found in await find_services(env, Wanted(**wanted))]


async def test_a_renamed_department_is_found_by_its_new_name_at_once(env):
    await index_of(env)
    revenue = next(one for one in READ.departments if one.slug == "revenue-department")
    assert await codes(env, search="zamindari") == []
    async with env.store.write_transaction() as tx:
        await catalogue.upsert_departments(tx, [replace(revenue, name=Bilingual("ज़मींदारी", "Zamindari Board"))])

    assert await codes(env, search="zamindari") != []


async def test_a_store_answers_as_the_files_do_whichever_database_it_is(env):
    expected = CatalogueIndex(sorted(READ.services, key=lambda one: (one.name.en, one.code)), READ.departments)
    for question in QUESTIONS:
        found = await find_services(env, Wanted(search=question))
        assert [(each.service.code, each.score) for each in found] == [
            (each.service.code, each.score) for each in expected.find(question)
        ], question


async def test_filters_hold_together_with_and_without_words(env):
    assert await codes(env, life_event=LifeEvent.WIDOWHOOD) == ["ES92"]
    assert await codes(env, life_event=LifeEvent.BIRTH, search="janm praman patra", open_only=True) == [
        "UKX-CNWTMC",
        "UKX-WQBZSH",
    ]
    assert await codes(env, search="certificate", department="panchayati-raj-development", life_event=LifeEvent.DEATH)
    assert await codes(env, search="income", category="Pension (Rural / Urban)") == []
    assert set(await codes(env, facts=Facts(age=65, income_paise=300_000, situations=frozenset()))) == {"ES90"}
    old_farmer = Facts(age=65, situations=frozenset({Situation.FARMER, Situation.RESIDENT}))
    assert set(await codes(env, facts=old_farmer, search="pension")) == {"ES90", "ES94"}
    assert "ES90" not in await codes(env, facts=Facts(age=30))
    known = {service.code for service in READ.services if service.eligibility}
    assert set(await codes(env, facts=Facts())) == known


async def test_the_index_is_made_anew_only_where_the_catalogue_changed(env):
    first = await index_of(env)
    assert await index_of(env) is first
    income = next(service for service in READ.services if service.code == "ES09")
    async with env.store.write_transaction() as tx:
        await catalogue.upsert_services(tx, [replace(income, name=Bilingual("कमाई का पत्र", "Earnings Letter"))])
    assert await codes(env, search="earnings letter") == ["ES09"]
    assert await index_of(env) is not first


async def test_pages_follow_one_another_both_ways_and_stay_when_others_come(env):
    whole = await find_services(env, Wanted(search="certificate"))
    assert len(whole) > 10
    walked, place = [], None
    while page := page_of(whole, place_of, place, 4, backward=False):
        walked += [each for _, each in page]
        place = page[-1][0]
    placed = [(place_of(each), each) for each in whole]
    assert walked == whole
    assert page_of(whole, place_of, None, 3, backward=True) == placed[-3:]
    assert page_of(whole, place_of, place_of(whole[5]), 3, backward=True) == placed[2:5]
    without = [each for each in whole if each is not whole[5]]  # gone between two pages
    assert page_of(without, place_of, place_of(whole[5]), 2, backward=False) == placed[6:8]


@pytest.mark.parametrize("read", [NEITHAL], ids=["neithal"])
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("வருமானச் சான்றிதழ்", "NX01"),
        ("வருமான சான்றிதழ்", "NX01"),
        ("வருமானச சானறிதழ", "NX01"),
        ("வருமானச்\u200cசான்றிதழ்", "NX01"),
        ("வருமானச\u200d் சான்றிதழ்", "NX01"),
        ("வருமானச்சான்றிதழ்", "NX01"),
        ("வறுமானச் சான்றிதல்", "NX01"),
        ("இருப்பிட சான்றிதழ்", "NX02"),
        ("முதியோர்", "NX03"),
        ("முதியொர்", "NX03"),
        ("படகு", "NX05"),
        ("varumana", "NX01"),
        ("mudhiyor", "NX03"),
        ("nx௦௧", "NX01"),
    ],
)
async def test_tamil_is_found_however_its_signs_joiners_and_digits_are_typed(env, read, asked: str, code: str):
    assert (await codes(env, search=asked))[:1] == [code]
