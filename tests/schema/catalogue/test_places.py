"""Places and departments as fields of the graph."""

from dataclasses import replace

import pytest

from domain.kernel import Bilingual, Language
from store.catalogue import catalogue
from tests.support.graph import CITIZEN, World


@pytest.mark.parametrize(
    ("language", "names"), [(Language.HI, ["अल्मोड़ा", "देहरादून"]), (Language.EN, ["Dehra", "Kumaon"])]
)
async def test_districts_are_in_the_order_of_the_language_that_is_read(
    world: World, language: Language, names: list[str]
):
    named = {"49": Bilingual("देहरादून", "Dehra"), "45": Bilingual("अल्मोड़ा", "Kumaon")}
    async with world.environment.store.write_transaction() as tx:
        districts = await catalogue.districts(tx)
        await catalogue.upsert_districts(tx, [replace(one, name=named[one.code]) for one in districts])

    answer = await world.ask("{ districts { name } }", CITIZEN, language=language)

    assert [one["name"] for one in answer["data"]["districts"]] == names
