"""Services of the Union through UMANG as fields of the graph."""

from domain.kernel import ANONYMOUS, Source
from integrations.calling.errors import Unavailable
from tests.support.graph import CITIZEN, OFFICER

QUERY = """{
  mandis(district: "49") { nodes { name district } complete provenance { source state } }
  genericMedicines(name: " para  cetamol ") { nodes { code name pack price } }
  bloodBanks(district: "45") { nodes { name address stock { group units } } provenance { state } }
}"""


async def test_whoever_is_signed_in_may_ask_and_sees_where_it_came_from(world):
    for subject in (CITIZEN, OFFICER):
        data = (await world.ask(QUERY, subject))["data"]

        assert data["mandis"]["nodes"] == [{"name": "Dehradun Mandi", "district": "Dehradun"}]
        assert data["mandis"]["provenance"] == [{"source": "UMANG", "state": "LIVE"}]
        medicine = {"code": "100", "name": "para cetamol", "pack": "10's", "price": None}
        assert data["genericMedicines"]["nodes"] == [medicine]
        assert data["bloodBanks"]["nodes"][0]["stock"] == [{"group": "AB-", "units": 2}]
        assert data["bloodBanks"]["provenance"] == [{"state": "STALE"}]


async def test_a_stranger_spends_nothing_of_our_quota(world):
    answer = await world.ask('{ mandis(district: "49") { complete } }', ANONYMOUS)

    assert answer["data"] == {"mandis": None}
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_district_or_a_name_that_is_none_is_not_asked_for(world):
    world.down.errors[Source.UMANG] = Unavailable(Source.UMANG, "timeout")
    answer = await world.ask(
        '{ mandis(district: "99") { complete } genericMedicines(name: "ab") { complete } }', CITIZEN
    )

    codes = {error["path"][0]: error["extensions"]["code"] for error in answer["errors"]}
    assert codes == {"mandis": "PLACE_UNKNOWN", "genericMedicines": "BAD_INPUT"}


async def test_while_umang_is_away_the_rest_of_the_answer_stays(world):
    world.down.errors[Source.UMANG] = Unavailable(Source.UMANG, "timeout")
    answer = await world.ask('{ mandis(district: "49") { complete } districts { code } }', CITIZEN)

    assert (answer["data"]["mandis"], len(answer["data"]["districts"])) == (None, 2)
    assert answer["errors"][0]["extensions"]["source"] == "UMANG"
