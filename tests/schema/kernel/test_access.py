"""Who sees what: absent and denied look alike."""

import pytest

from domain.identity.aliases import AliasKind
from domain.kernel import ANONYMOUS, PersonKind, Role, Subject, TypeCode
from schema.kernel import node_id
from store.identity import accesses, aliases
from tests.support.digits import devanagari_digits
from tests.support.graph import (
    ASHA,
    CERTIFICATE_NUMBER,
    CITIZEN,
    NEIGHBOUR,
    OFFICER,
    STRANGE_OFFICER,
    add_certificate,
)

BY_NUMBER = "query ($number: String!) { application(by: {number: $number}) { number version } }"
BY_ID = "query ($id: ID!) { application(by: {id: $id}) { number } }"


async def test_an_application_is_found_by_its_number_however_it_is_keyed(world):
    number = (await world.submit()).number

    for keyed in (number, f"{number[:4]} {number[4:9]} {number[9:]}", devanagari_digits(number)):
        answer = await world.ask(BY_NUMBER, CITIZEN, number=keyed)
        assert answer["data"]["application"]["number"] == number


async def test_a_typing_error_is_named(world):
    number = (await world.submit()).number
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)

    answer = await world.ask(BY_NUMBER, CITIZEN, number=wrong)

    assert answer["data"] == {"application": None}
    assert answer["errors"][0]["extensions"]["code"] == "NUMBER_MISTYPED"
    assert wrong not in str(answer["errors"])


async def test_an_application_is_found_by_the_number_of_a_system_before(world):
    application = await world.submit()
    async with world.environment.store.write_transaction() as tx:
        await aliases.add_many(tx, AliasKind.APPLICATION, {"UK24ES01/0012345": application.id})
    by_acknowledgement = BY_NUMBER.replace("by: {number:", "by: {acknowledgement:")

    for query in (BY_NUMBER, by_acknowledgement):
        mine = await world.ask(query, CITIZEN, number="UK24-ES01/00 12345")
        theirs = await world.ask(query, NEIGHBOUR, number="UK24-ES01/00 12345")
        absent = await world.ask(query, CITIZEN, number="UK24-ES01/00 12346")

        assert mine["data"]["application"]["number"] == application.number
        assert theirs == absent
        assert (absent["data"], absent["errors"]) == ({"application": None}, [])


@pytest.mark.parametrize("text", ["", "12345", "21260000000000", "not a number"])
async def test_what_can_be_no_number_is_named_as_a_typing_error(world, text):
    answer = await world.ask(BY_NUMBER, CITIZEN, number=text)
    assert answer["data"] == {"application": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NUMBER_MISTYPED"]


async def test_an_old_number_of_digits_alone_says_the_same_whether_denied_or_absent(world):
    application = await world.submit()
    async with world.environment.store.write_transaction() as tx:
        await aliases.add_many(tx, AliasKind.APPLICATION, {"201912345": application.id})

    mine = await world.ask(BY_NUMBER, CITIZEN, number="2019 12345")
    theirs = await world.ask(BY_NUMBER, NEIGHBOUR, number="201912345")
    absent = await world.ask(BY_NUMBER, NEIGHBOUR, number="201912346")

    assert mine["data"]["application"]["number"] == application.number
    assert theirs["data"] == absent["data"] == {"application": None}
    codes = [[error["extensions"]["code"] for error in answer["errors"]] for answer in (theirs, absent)]
    assert codes == [["NUMBER_MISTYPED"], ["NUMBER_MISTYPED"]]


@pytest.mark.parametrize("subject", [NEIGHBOUR, STRANGE_OFFICER], ids=["neighbour", "officer elsewhere"])
async def test_a_foreign_application_looks_like_one_that_is_not_there(world, subject):
    application = await world.submit()
    for query, variables, absent in (
        (BY_NUMBER, {"number": application.number}, {"number": "12611971338148"}),
        (BY_ID, {"id": node_id(TypeCode.APPLICATION, application.id)}, {"id": node_id(TypeCode.APPLICATION, ASHA)}),
    ):
        with world.statements() as foreign:
            denied = await world.ask(query, subject, **variables)
        with world.statements() as nothing:
            missing = await world.ask(query, subject, **absent)

        assert denied["data"] == missing["data"] == {"application": None}
        assert denied["errors"] == missing["errors"] == []
        assert len(foreign) == len(nothing)


async def test_the_officer_of_the_place_sees_it_and_leaves_a_receipt(world):
    application = await world.submit()

    answer = await world.ask(BY_NUMBER, OFFICER, number=application.number)

    assert answer["data"]["application"]["number"] == application.number
    query = "{ viewer { ... on Citizen { dataAccesses(first: 10) { role purpose purposeLabel objectKind source } } } }"
    told = (await world.ask(query, CITIZEN))["data"]["viewer"]["dataAccesses"]
    assert {
        "role": "OFFICER",
        "purpose": "DECIDE",
        "purposeLabel": "To decide an application",
        "objectKind": "APPLICATION",
        "source": "STORE",
    } in told


async def test_an_officer_sees_the_applicant_but_not_what_else_she_has(world):
    application = await world.submit()
    query = "query ($id: ID!) { application(by: {id: $id}) { applicant { citizenId name maskedMobile } } }"

    answer = await world.ask(query, OFFICER, id=node_id(TypeCode.APPLICATION, application.id))
    citizen = node_id(TypeCode.CITIZEN, ASHA)
    more = await world.ask("query ($id: ID!) { node(id: $id) { id } }", OFFICER, id=citizen)

    assert answer["data"]["application"]["applicant"] == {
        "citizenId": citizen,
        "name": "Asha Negi",
        "maskedMobile": "98xxxxxx01",
    }
    assert more["data"]["node"] is None
    assert more["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_certificate_can_be_verified_by_anybody_without_its_holder(world):
    await add_certificate(world.environment, await world.submit())
    query = "query ($number: String!) { verifyCertificate(number: $number) { number name status issuedOn } }"

    found = await world.ask(query, ANONYMOUS, number=CERTIFICATE_NUMBER)
    mistyped = await world.ask(query, ANONYMOUS, number=CERTIFICATE_NUMBER[:-1] + "0")

    assert found["data"]["verifyCertificate"] == {
        "number": CERTIFICATE_NUMBER,
        "name": "Income Certificate",
        "status": "ACTIVE",
        "issuedOn": "2026-11-24",
    }
    assert mistyped["errors"][0]["extensions"]["code"] == "NUMBER_MISTYPED"


async def test_counts_are_not_for_citizens(world):
    answer = await world.ask('{ transactionCounts(on: "2026-11-24") { total } }', CITIZEN)

    assert answer["data"] == {"transactionCounts": None}
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_viewers_are_of_four_kinds_or_nobody(world):
    query = "{ viewer { __typename } }"
    developer = Subject(frozenset({Role.DEVELOPER}), scopes=frozenset({"graph"}))
    operator = Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, "op1", on_behalf_of=ASHA)

    kinds = [
        (await world.ask(query, one))["data"]["viewer"] for one in (CITIZEN, OFFICER, operator, developer, ANONYMOUS)
    ]

    assert [kind and kind["__typename"] for kind in kinds] == ["Citizen", "Officer", "Operator", "Developer", None]


async def test_an_operator_sees_the_citizen_whom_she_helps(world):
    operator = Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, "op1", on_behalf_of=ASHA)
    query = "{ viewer { ... on Operator { name centre district { name } tehsil { name } assisting { name } } } }"

    assert (await world.ask(query, operator))["data"]["viewer"] == {
        "name": "Vikram",
        "centre": "Centre",
        "district": {"name": "Dehradun"},
        "tehsil": {"name": "Dehradun Sadar"},
        "assisting": {"name": "Asha Negi"},
    }


async def test_the_queue_of_an_officer_elsewhere_is_empty(world):
    await world.submit()
    query = "{ viewer { ... on Officer { queue(first: 5) { totalCount nodes { number } } } } }"

    answer = await world.ask(query, STRANGE_OFFICER)

    assert answer["data"]["viewer"]["queue"] == {"totalCount": 0, "nodes": []}


async def test_own_reads_of_own_store_leave_no_receipt(world):
    application = await world.submit()
    async with world.environment.store.read_transaction() as tx:
        before = len(await accesses.of_citizen(tx, ASHA, 100))

    await world.ask(BY_NUMBER, CITIZEN, number=application.number)

    async with world.environment.store.read_transaction() as tx:
        assert len(await accesses.of_citizen(tx, ASHA, 100)) == before
