"""The search of services in the graph: ranked pages, filters, and the rules that an application was filed under."""

from dataclasses import replace

from domain.catalogue.catalogue import Eligibility, LifeEvent, Situation
from domain.kernel import Bilingual
from store.catalogue import catalogue
from tests.support.graph import CITIZEN

SEARCH = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: ServiceFilter) {
  services(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    totalCount nodes { code version lifeEvents eligibility { text leastAge situations } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
"""
FILED = """
query ($number: String!) { application(by: {number: $number}) {
  service { version fee timeLimitDays } filedUnder { version fee timeLimitDays documents { key } } } }
"""


async def found(world, **variables):
    return (await world.ask(SEARCH, CITIZEN, **variables))["data"]["services"]


def codes(page) -> list[str]:
    return [node["code"] for node in page["nodes"]]


async def test_hindi_in_latin_letters_finds_the_service_that_is_meant(world):
    page = await found(world, first=5, filter={"search": "aay pramaan patr"})
    assert codes(page) == ["ES09"]
    assert page["totalCount"] == 1
    assert codes(await found(world, first=5, filter={"search": "incmoe certifcate"})) == ["ES09"]
    assert codes(await found(world, first=5, filter={"search": "zzzz"})) == []


async def test_pages_of_a_search_follow_the_rank_both_ways(world):
    whole = await found(world, first=10, filter={"search": "certificate"})
    assert len(codes(whole)) == whole["totalCount"] > 2
    one = await found(world, first=1, filter={"search": "certificate"})
    rest = await found(world, first=10, after=one["pageInfo"]["endCursor"], filter={"search": "certificate"})
    assert codes(one) + codes(rest) == codes(whole)
    last = await found(world, last=1, filter={"search": "certificate"})
    before = await found(world, last=10, before=last["pageInfo"]["startCursor"], filter={"search": "certificate"})
    assert codes(before) + codes(last) == codes(whole)
    other = await world.ask(SEARCH, CITIZEN, first=1, after=one["pageInfo"]["endCursor"], filter={"search": "another"})
    assert other["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_life_events_and_eligibility_filter_and_are_null_where_nothing_says_so(world):
    async with world.environment.store.write_transaction() as tx:
        known = await catalogue.services_by_codes(tx, ["ES90"])
        pension = known["ES90"]
        bounds = Eligibility(Bilingual(None, "60 or older"), least_age=60, situations=(Situation.RESIDENT,))
        await catalogue.upsert_services(tx, [replace(pension, life_events=(LifeEvent.OLD_AGE,), eligibility=bounds)])
    page = await found(world, first=5, filter={"lifeEvent": "OLD_AGE"})
    assert codes(page) == ["ES90"]
    assert page["nodes"][0]["eligibility"] == {"text": "60 or older", "leastAge": 60, "situations": ["RESIDENT"]}
    assert page["nodes"][0]["version"] == 2
    assert codes(await found(world, first=5, filter={"eligibleFor": {"age": 61}})) == ["ES90"]
    assert codes(await found(world, first=5, filter={"eligibleFor": {"age": 59}})) == []
    assert codes(await found(world, first=5, filter={"eligibleFor": {"age": 61, "situations": []}})) == []
    none = (await found(world, first=5, filter={"search": "aay"}))["nodes"][0]
    assert (none["lifeEvents"], none["eligibility"]) == (None, None)
    wrong = await world.ask(SEARCH, CITIZEN, first=5, filter={"eligibleFor": {"age": -1}})
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_an_application_shows_the_rules_that_it_was_filed_under(world):
    filed = await world.submit("ES09")
    async with world.environment.store.write_transaction() as tx:
        income = (await catalogue.services_by_codes(tx, ["ES09"]))["ES09"]
        await catalogue.upsert_services(tx, [replace(income, fee_paise=7500, limit_days=99, documents=())])
    shown = (await world.ask(FILED, CITIZEN, number=filed.number))["data"]["application"]
    assert shown["service"] == {"version": 2, "fee": 7500, "timeLimitDays": 99}
    then = shown["filedUnder"]
    assert (then["version"], then["fee"], then["timeLimitDays"]) == (1, income.fee_paise, income.limit_days)
    assert [paper["key"] for paper in then["documents"]] == [paper.key for paper in income.documents]
