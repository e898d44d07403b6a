"""Lists of services in the order of the language that is read, page by page."""

from dataclasses import replace

import pytest

from domain.kernel import ANONYMOUS, Bilingual, Language
from store.catalogue import catalogue
from tests.support.graph import World

NAMES = [("मूल निवास", "Alpha"), ("आय", "Beta"), ("जाति", "gamma")]
LISTS = ["services", "notifiedServices"]
PAGE = """query($first: Int!, $after: String) {
  %s(first: $first, after: $after, sort: NAME) { nodes { name } pageInfo { endCursor hasNextPage } }
}"""


@pytest.fixture
async def three(world: World) -> World:
    """A catalogue of three services whose Hindi names stand in another order than the English ones."""
    async with world.environment.store.write_transaction() as tx:
        services = await catalogue.all_services(tx)
        named = [
            replace(one, name=Bilingual(*NAMES[at]) if at < len(NAMES) else one.name, rts_notified=at < len(NAMES))
            for at, one in enumerate(services)
        ]
        await catalogue.upsert_services(tx, named)
    return world


async def names_of(world: World, listed: str, language: Language, **asked: object) -> tuple[list[str], str]:
    answer = await world.ask(PAGE % listed, ANONYMOUS, language, **({"first": 100} | asked))
    page = answer["data"][listed]
    return [one["name"] for one in page["nodes"]], page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("listed", LISTS)
@pytest.mark.parametrize(
    ("language", "expected"), [(Language.HI, ["आय", "जाति", "मूल निवास"]), (Language.EN, ["Alpha", "Beta", "gamma"])]
)
async def test_services_are_sorted_in_the_language_that_is_read(
    three: World, listed: str, language: Language, expected: list[str]
):
    names, _ = await names_of(three, listed, language)

    assert [name for name in names if name in expected] == expected


@pytest.mark.parametrize("listed", LISTS)
async def test_a_page_goes_on_in_its_order_when_the_reader_changes_the_language(three: World, listed: str):
    whole, _ = await names_of(three, listed, Language.HI)
    _, cursor = await names_of(three, listed, Language.HI, first=1)

    hindi, _ = await names_of(three, listed, Language.HI, after=cursor)
    english, _ = await names_of(three, listed, Language.EN, after=cursor)

    assert hindi == whole[1:]
    shown = dict(NAMES)
    assert [name for name in english if name in shown.values()] == [shown[name] for name in hindi if name in shown]


async def test_the_list_of_forms_is_sorted_in_the_language_that_is_read(three: World):
    answers = [
        await three.ask("{ servicesWithForm { name } }", ANONYMOUS, language) for language in (Language.HI, Language.EN)
    ]

    hindi, english = ([one["name"] for one in answer["data"]["servicesWithForm"]] for answer in answers)
    assert hindi == sorted(hindi)
    assert english == sorted(english, key=str.casefold)
