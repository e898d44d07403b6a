"""The query of the first landing, as it is printed in the README, and its officer's twin."""

from domain.benefits.benefits import PaymentStatus
from domain.identity.aliases import AliasKind
from domain.kernel import Language, Source
from integrations.calling.errors import Garbled, Refused, Unavailable
from store.benefits import benefits
from store.identity import aliases
from tests.support.graph import CITIZEN, NEIGHBOUR, NOW, OFFICER, PDF, add_certificate
from tests.support.operations import operation
from tests.support.stored import record_payment_status

THE_QUERY = """
{ viewer { ... on Citizen {
    applications(first: 5) { nodes { number status deadline { dueAt workingDaysLeft } service { name } } }
    certificates { nodes { uri name issuer } complete provenance { source state asOf } }
    benefits { nodes { scheme { name } amount status } complete provenance { source state asOf } }
    linkedAccounts { provider linkedAt } } }
  services(first: 3) { totalCount nodes { code name } }
  sources { name state } }
"""
BENEFITS = """
{ viewer { ... on Citizen { benefits {
    complete provenance { source state }
    nodes { amount status statusLabel asOf reason { code text action }
            instalments { sequence amount status sourceHeard bankReferenceLast4 } } } } } }
"""


async def pay(world):
    """A pension whose first payment was sent to DBT finance."""
    await world.approve(await world.submit("ES90"))
    env = world.environment
    async with env.store.write_transaction() as tx:
        sanctions = await benefits.sanctions_of_citizen(tx, CITIZEN.person_id)
        made = await benefits.instalments(tx, [one.id for one in sanctions])
        for instalment in made[sanctions[0].id]:
            await record_payment_status(tx, instalment.id, PaymentStatus.INSTRUCTED, NOW)


async def test_one_query_answers_from_the_store_and_every_source(world):
    income = await world.submit()
    await pay(world)

    answer = await world.ask(THE_QUERY, CITIZEN)

    assert answer["errors"] == []
    viewer = answer["data"]["viewer"]
    assert [node["status"] for node in viewer["applications"]["nodes"]] == ["BENEFIT_SANCTIONED", "IN_SCRUTINY"]
    assert viewer["applications"]["nodes"][1]["number"] == income.number
    assert viewer["applications"]["nodes"][1]["deadline"] == {
        "dueAt": "2026-12-11T23:59:59.000+05:30",
        "workingDaysLeft": 15,
    }
    assert [node["name"] for node in viewer["certificates"]["nodes"]] == ["Aadhaar Card"]
    assert viewer["benefits"]["nodes"] == [
        {"scheme": {"name": "Old Age Pension"}, "amount": 150_000, "status": "RETURNED"}
    ]
    assert {one["provider"] for one in viewer["linkedAccounts"]} == {"MERI_PEHCHAAN", "DIGILOCKER"}
    assert answer["data"]["services"]["totalCount"] == 4
    assert answer["data"]["sources"] == [{"name": "DIGILOCKER", "state": None}]


async def test_the_answer_says_where_each_part_came_from(world):
    await pay(world)

    answer = await world.ask(THE_QUERY, CITIZEN)

    told = {one["name"]: one for one in answer["extensions"]["sources"]}
    assert answer["extensions"]["requestId"] == "request-1"
    assert told["DIGILOCKER"]["state"] == "LIVE"
    assert told["DIGILOCKER"]["paths"] == [["viewer", "certificates"]]
    assert told["DBT_FINANCE"]["state"] == "CACHED"
    assert told["DBT_FINANCE"]["asOf"] == "2026-11-24T12:00:00.000+05:30"
    assert "STORE" not in told


async def test_texts_come_in_the_language_of_the_request_or_of_the_field(world):
    query = '{ service(by: {code: "ES09"}) { name english: name(language: EN) kumaoni: name(language: KFY) } }'

    service = (await world.ask(query, CITIZEN, Language.HI))["data"]["service"]

    assert service == {"name": "आय प्रमाण पत्र", "english": "Income Certificate", "kumaoni": "आय प्रमाण पत्र"}


async def test_a_returned_payment_says_why_and_what_to_do(world):
    await pay(world)

    node = (await world.ask(BENEFITS, CITIZEN))["data"]["viewer"]["benefits"]["nodes"][0]

    assert (node["status"], node["statusLabel"]) == ("RETURNED", "Returned by the bank")
    assert node["reason"]["code"] == "53"
    assert node["reason"]["text"] == "The account is inoperative."
    assert node["instalments"][0]["sourceHeard"] is True
    assert node["instalments"][0]["bankReferenceLast4"] == "1234"


async def test_a_source_that_is_away_costs_only_its_part_and_is_named(world):
    await pay(world)
    world.down.errors[Source.DBT_FINANCE] = Unavailable(Source.DBT_FINANCE, "timeout", retry_after=12.2)

    answer = await world.ask(BENEFITS, CITIZEN)

    part = answer["data"]["viewer"]["benefits"]
    assert (part["complete"], part["nodes"][0]["status"]) == (False, "INSTRUCTED")
    assert {"source": "DBT_FINANCE", "state": "DOWN"} in part["provenance"]
    assert answer["errors"] == [
        {
            "message": "Direct benefit transfer does not answer at present. The other parts are shown.",
            "path": ["viewer", "benefits"],
            "extensions": {
                "code": "SOURCE_UNAVAILABLE",
                "type": "UNAVAILABLE",
                "detail": "timeout",
                "source": "DBT_FINANCE",
                "retryable": True,
                "retryAfterSeconds": 13,
                "action": "RETRY_LATER",
                "requestId": "request-1",
            },
        }
    ]
    told = {one["name"]: one for one in answer["extensions"]["sources"]}["DBT_FINANCE"]
    assert told == {
        "name": "DBT_FINANCE", "state": "DOWN", "retryAfterSeconds": 13, "paths": [["viewer", "benefits"]]
    }  # fmt: skip


async def test_a_locker_that_is_away_leaves_our_own_certificates(world):
    await add_certificate(world.environment, await world.submit())
    world.down.errors[Source.DIGILOCKER] = Garbled(Source.DIGILOCKER, "not_json")

    answer = await world.ask(THE_QUERY, CITIZEN, Language.HI)

    part = answer["data"]["viewer"]["certificates"]
    assert [node["name"] for node in part["nodes"]] == ["आय प्रमाण पत्र"]
    assert part["complete"] is False
    assert answer["errors"][0]["extensions"]["code"] == "SOURCE_GARBLED"
    assert answer["errors"][0]["message"].startswith("डिजिलॉकर")


async def test_the_ration_card_is_null_with_an_error_where_umang_knows_no_such_number(world):
    query = "{ viewer { ... on Citizen { name rationCard { number provenance { source state } } } } }"
    whole = await world.ask(query, CITIZEN)
    world.down.errors[Source.UMANG] = Refused(Source.UMANG, "CARD_NOT_FOUND")
    broken = await world.ask(query, CITIZEN)

    assert whole["data"]["viewer"]["rationCard"]["number"] == "xxxxxx5678"
    assert whole["extensions"]["sources"][0]["state"] == "STALE"
    assert broken["data"]["viewer"] == {"name": "Asha Negi", "rationCard": None}
    assert broken["errors"][0]["path"] == ["viewer", "rationCard"]
    assert broken["errors"][0]["extensions"]["code"] == "DOCUMENT_UNKNOWN"
    assert broken["extensions"]["sources"][0]["state"] == "LIVE"


async def test_files_of_certificates_are_fetched_and_checked(world):
    await add_certificate(world.environment, await world.submit())
    query = operation("citizen_app/certificates")

    nodes = (await world.ask(query, CITIZEN))["data"]["viewer"]["certificates"]["nodes"]

    assert [node["origin"] for node in nodes] == ["STORE", "DIGILOCKER"]
    assert nodes[0]["document"]["sizeBytes"] == len(PDF)
    assert [node["document"]["integrity"] for node in nodes] == ["SHA256_VERIFIED", "HMAC_VERIFIED"]


async def test_the_citizens_home_runs_as_it_is_in_the_folder(world):
    await world.submit()

    query = operation("citizen_app/home")
    answer = await world.run(query, world.context(CITIZEN), {"language": "HI"})

    assert answer["errors"] == []
    assert answer["data"]["viewer"]["name"] == "आशा नेगी"
    assert answer["data"]["viewer"]["applications"]["totalCount"] == 1


async def test_the_officers_desk_runs_as_it_is_in_the_folder(world):
    application = await world.submit()

    answer = await world.ask(operation("officer_app/desk"), OFFICER, day="2026-11-24")

    assert answer["errors"] == []
    queue = answer["data"]["viewer"]["queue"]
    assert queue["totalCount"] == 1
    assert queue["nodes"][0]["number"] == application.number
    assert queue["nodes"][0]["applicant"] == {"name": "Asha Negi"}
    assert "APPROVE" in queue["nodes"][0]["allowedMoves"]
    assert answer["data"]["transactionCounts"]["total"] == 0
    assert answer["data"]["transactionCounts"]["provisional"] is True


async def test_labels_are_had_by_language_and_prefix(world):
    query = '{ labels(language: HI, prefix: "field.Application.") { key text } }'

    labels = (await world.ask(query, CITIZEN))["data"]["labels"]

    assert {"key": "field.Application.number", "text": "आवेदन संख्या"} in labels


async def test_an_application_is_asked_for_by_its_number_in_the_system_before(world):
    application = await world.submit()
    async with world.environment.store.write_transaction() as tx:
        await aliases.add_many(tx, AliasKind.APPLICATION, {"UK24ES09/0012345": application.id})
    query = "query ($by: ApplicationBy!) { application(by: $by) { number } }"
    both = (
        "query ($old: String!, $ours: String!) { a: application(by: {number: $old}) { number } "
        "b: application(by: {number: $ours}) { number } }"
    )

    for name in ("number", "acknowledgement"):
        for keyed in ("UK24-ES09/0012 345", "uk24es09/0012345"):
            for reader in (CITIZEN, OFFICER):
                found = (await world.ask(query, reader, by={name: keyed}))["data"]["application"]
                assert found == {"number": application.number}
            assert (await world.ask(query, NEIGHBOUR, by={name: keyed}))["data"] == {"application": None}
        assert (await world.ask(query, CITIZEN, by={name: "UK24-ES09/9999999"}))["data"] == {"application": None}
    other = await world.submit("ES90")
    former = "{ viewer { ... on Citizen { applications(first: 5) { nodes { number formerNumbers } } } } }"
    nodes = (await world.ask(former, CITIZEN))["data"]["viewer"]["applications"]["nodes"]
    shown = {node["number"]: node["formerNumbers"] for node in nodes}
    assert shown == {application.number: ["UK24ES09/0012345"], other.number: []}
    together = (await world.ask(both, CITIZEN, old="UK24ES09/0012345", ours=application.number))["data"]
    assert together == {"a": {"number": application.number}, "b": {"number": application.number}}
