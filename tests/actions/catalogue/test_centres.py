"""The register of centres: imported from files with every fault told, and who signs in from where."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.catalogue.centres import CentreFilter, register_of, with_operators
from actions.catalogue.strengths_import import import_strengths
from actions.identity.centres_import import import_centres
from actions.identity.sign_in_people import person_of
from domain.catalogue.centres import CentreKind
from domain.kernel import (
    SYSTEM,
    Assurance,
    ErrorCode,
    Language,
    Needed,
    PersonKind,
    Posting,
    Problems,
    Provider,
    Role,
    Subject,
)
from integrations.sso import ProviderIdentity
from store.catalogue import centres
from store.identity import devices, people, sessions, strengths
from store.identity.sessions import Session
from tests.support.actions import FREE
from tests.support.stored import audit_lines_of

CENTRES = [
    {"code": "CSC-1", "kind": "CSC", "name_hi": "केन्द्र", "name_en": "CSC Rajpur", "district": "49", "tehsil": "304",
     "open": "yes"},
    {"code": "ED-49", "kind": "E_DISTRICT", "name_hi": "", "name_en": "e-District Dehradun", "district": "49",
     "tehsil": "", "open": "yes"},
]  # fmt: skip
OPERATORS = [
    {"code": "500900000001", "name_hi": "विक्रम", "name_en": "Vikram", "centre": "CSC-1", "email": ""},
    {"code": "ED-49-01", "name_hi": "", "name_en": "Bhawna", "centre": "ED-49", "email": "Bhawna@Centre.example"},
]
ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin", (Posting(Role.ADMIN),))


async def imported(world, rows=CENTRES, staff=OPERATORS, *, dry_run=False):
    return await import_centres(world.env, rows, staff, dry_run=dry_run, by=replace(SYSTEM, account="CLI:1"))


async def faults(call) -> list[tuple[str, str, str]]:
    with pytest.raises(Problems) as refused:
        await call
    assert {problem.code for problem in refused.value.problems} == {ErrorCode.CENTRES_REFUSED}
    return [(one.params["file"], one.params["row"], one.params["fault"]) for one in refused.value.problems]


async def comes(world, provider: Provider, subject: str, email: str | None = None):
    identity = ProviderIdentity(provider, subject, "X", None, None, None, None, Assurance.SUBSTANTIAL)
    identity = replace(identity, email=email)
    async with world.env.store.write_transaction() as tx:
        return await person_of(world.env, tx, identity, Language.HI)


async def refused_to(world, provider: Provider, subject: str, email: str | None = None) -> bool:
    with pytest.raises(Problems) as refused:
        await comes(world, provider, subject, email)
    return refused.value.code is ErrorCode.FORBIDDEN


async def test_centres_and_operators_are_entered_and_brought_up_to_date(world):
    done = await imported(world)
    again = await imported(world, [replace_row(CENTRES[0], name_en="CSC Rajpur Road"), CENTRES[1]])

    assert (done.centres, done.operators) == (again.centres, again.operators) == (2, 2)
    async with world.env.store.read_transaction() as tx:
        known = await centres.centres(tx, ["CSC-1", "ED-49"])
        operator = await people.operator_by_csc_id(tx, "500900000001")
        assert operator is not None
        assert (await centres.centre_of(tx, operator.id)).code == "CSC-1"
        lines = await audit_lines_of(tx, "CENTRE", None)
    assert known["CSC-1"].name.en == operator.centre.en == "CSC Rajpur Road"
    assert [line.actor_label for line in lines] == ["CLI:1", "CLI:1"]


def replace_row(row, **changes):
    return {**row, **changes}


async def test_another_person_with_an_operators_address_is_not_let_in_where_the_provider_tells_a_durable_subject(world):
    await imported(world)
    await comes(world, Provider.PARICHAY, "id-77", "bhawna@centre.example")

    assert await refused_to(world, Provider.PARICHAY, "id-78", "bhawna@centre.example")


async def test_another_address_of_an_operator_unties_her_account_and_ends_her_sessions(world):
    await imported(world)
    bhawna = (await comes(world, Provider.PARICHAY, "id-77", "bhawna@centre.example")).person_id
    now = world.env.clock.now()
    until = now + timedelta(hours=8)
    session = Session("s", PersonKind.OPERATOR, bhawna, Provider.PARICHAY, "SUBSTANTIAL", None, now, until)
    async with world.env.store.write_transaction() as tx:
        await sessions.add_session(tx, session)
        await devices.add(tx, "s", client="", platform="", seed="s", until=until)

    await imported(world, staff=[replace_row(OPERATORS[1], email="b.rawat@centre.example")])

    async with world.env.store.read_transaction() as tx:
        assert await devices.of_person(tx, PersonKind.OPERATOR, bhawna) == []
        (line,) = await audit_lines_of(tx, "SESSION", "s")
    assert (line.actor_label, line.action) == ("CLI:1", "SIGN_OUT")
    assert (await comes(world, Provider.PARICHAY, "id-78", "b.rawat@centre.example")).person_id == bhawna


async def test_a_dry_run_writes_nothing(world):
    assert (await imported(world, dry_run=True)).centres == 2

    async with world.env.store.read_transaction() as tx:
        assert await centres.centres(tx, ["CSC-1", "ED-49"]) == {}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"code": ""}, "NAME"),
        ({"kind": "SHOP"}, "KIND"),
        ({"district": "99"}, "DISTRICT"),
        ({"tehsil": "353"}, "TEHSIL"),
        ({"open": "perhaps"}, "OPEN"),
        ({"code": "ED-49"}, "TWICE"),
    ],
)
async def test_a_wrong_row_of_a_centre_is_told_and_nothing_is_entered(world, changes, fault):
    rows = [CENTRES[1], replace_row(CENTRES[0], **changes)]

    assert await faults(imported(world, rows, [])) == [("centres", "3", fault)]
    async with world.env.store.read_transaction() as tx:
        assert await centres.centres(tx, ["ED-49"]) == {}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name_en": ""}, "NAME"),
        ({"centre": "CSC-2"}, "CENTRE"),
        ({"email": "x@centre.example"}, "EMAIL"),
        ({"centre": "ED-49"}, "EMAIL"),
        ({"centre": "ED-49", "email": "tehsildar@officer.example"}, "EMAIL"),
        ({"centre": "ED-49", "email": "bhawna@centre.example"}, "TWICE"),
    ],
)
async def test_a_wrong_row_of_an_operator_is_told(world, changes, fault):
    staff = [OPERATORS[1], replace_row(OPERATORS[0], **changes)]

    assert await faults(imported(world, staff=staff)) == [("operators", "3", fault)]


async def test_an_operator_signs_in_by_the_provider_of_his_kind_of_centre(world):
    await imported(world)

    by_csc = await comes(world, Provider.CSC_CONNECT, "500900000001")
    by_parichay = await comes(world, Provider.PARICHAY, "bhawna@centre.example")
    assert (by_csc.kind, by_parichay.kind) == (PersonKind.OPERATOR, PersonKind.OPERATOR)
    assert await refused_to(world, Provider.CSC_CONNECT, "ED-49-01")
    assert await refused_to(world, Provider.PARICHAY, "vikram@centre.example")


async def test_an_operator_outside_of_the_register_of_centres_is_refused(world):
    assert await refused_to(world, Provider.CSC_CONNECT, "500100010011")  # entered, but in no centre


async def test_an_operator_of_a_closed_centre_or_of_another_district_is_refused(world):
    await imported(world)
    await imported(world, [replace_row(CENTRES[0], open="no")], [])
    assert await refused_to(world, Provider.CSC_CONNECT, "500900000001")

    await imported(world, [replace_row(CENTRES[0], district="50", tehsil="")], [])
    assert await refused_to(world, Provider.CSC_CONNECT, "500900000001")


async def test_an_address_that_is_an_officers_opens_the_officer_and_no_operator(world):
    await imported(world)
    officer = await comes(world, Provider.PARICHAY, "tehsildar@officer.example")

    assert officer.kind is PersonKind.OFFICER


async def test_settings_choose_who_comes_by_which_provider(world):
    await imported(world)
    chosen = {**world.env.rules.sign_on.providers, PersonKind.OPERATOR: frozenset({Provider.CSC_CONNECT})}
    world.env = replace(
        world.env, rules=replace(world.env.rules, sign_on=replace(world.env.rules.sign_on, providers=chosen))
    )

    assert await refused_to(world, Provider.PARICHAY, "bhawna@centre.example")
    assert (await comes(world, Provider.PARICHAY, "tehsildar@officer.example")).kind is PersonKind.OFFICER


async def test_the_register_is_listed_for_administrators_and_auditors_alone(world):
    await imported(world)
    wanted = CentreFilter(district="49")
    listed = await world.env.store.read(lambda tx: register_of(ADMIN, wanted).page(tx, limit=10))
    page = await with_operators(world.env, listed)

    assert [(one.centre.code, one.operators) for one in page] == [("CSC-1", 1), ("ED-49", 1)]
    of_kind = CentreFilter(CentreKind.E_DISTRICT)
    assert await world.env.store.read(register_of(ADMIN, of_kind).count) == 1
    for other in (world.asha, world.tehsildar, world.operator):
        with pytest.raises(Problems) as refused:
            register_of(other, of_kind)
        assert refused.value.code is ErrorCode.NOT_FOUND


async def test_what_services_ask_for_is_replaced_by_a_file(world):
    rows = [{"service_code": FREE, "own": "HIGH", "assisted": "SUBSTANTIAL"}]
    assert await import_strengths(world.env.store, rows) == 1
    async with world.env.store.read_transaction() as tx:
        assert await strengths.needed_strength(tx, FREE) == Needed(Assurance.HIGH, Assurance.SUBSTANTIAL)
        assert await strengths.needed_strength(tx, "ES09") == Needed(Assurance.SUBSTANTIAL, Assurance.LOW)

    with pytest.raises(Problems):
        await import_strengths(world.env.store, [{"service_code": "NONE", "own": "HIGH", "assisted": "LOW"}])
    assert await import_strengths(world.env.store, []) == 0


@pytest.mark.parametrize(
    ("have", "need", "action"),
    [(Assurance.LOW, Assurance.SUBSTANTIAL, "LINK_ACCOUNT"), (Assurance.SUBSTANTIAL, Assurance.HIGH, "SIGN_IN_AGAIN")],
)
async def test_a_weak_sign_in_is_told_what_is_needed_and_how_to_raise_it(world, have, need, action):
    async with world.env.store.write_transaction() as tx:
        await strengths.replace_all(tx, {FREE: Needed(need, Assurance.LOW)})
    with pytest.raises(Problems) as refused:
        await world.submit(replace(world.asha, assurance=have))

    [problem] = refused.value.problems
    assert (problem.code, problem.action.value) == (ErrorCode.STRENGTH_TOO_LOW, action)
    assert problem.params == {"assurance": have.value, "assurance_needed": need.value}
    filed = await world.submit(replace(world.asha, assurance=need))
    async with world.env.store.read_transaction() as tx:
        assert (await strengths.applied_with(tx, [filed.id]))[filed.id].assurance is need


def of_kind_row(kind: str, opens_on: str = "", closes_on: str = ""):
    place = {"district": "49", "tehsil": "304", "open": "yes", "opens_on": opens_on, "closes_on": closes_on}
    return {"code": f"{kind}-1", "kind": kind, "name_hi": "", "name_en": "GIC Raipur", **place}


@pytest.mark.parametrize(
    "row",
    [
        of_kind_row("CAMP"),
        of_kind_row("CAMP", "2026-12-02"),
        of_kind_row("CAMP", "2026-12-02", "2026-12-01"),
        of_kind_row("CAMP", "02-12-2026", "03-12-2026"),
        of_kind_row("SCHOOL", "2026-12-01", "2026-12-02"),
    ],
)
async def test_a_camp_needs_its_days_in_order_and_a_school_has_none(world, row):
    assert await faults(imported(world, [CENTRES[0], row], [])) == [("centres", "3", "DAYS")]


async def test_a_school_and_a_camp_are_entered_and_who_works_there_comes_by_parichay(world):
    rows = [of_kind_row("SCHOOL"), of_kind_row("CAMP", "2026-12-01", "2026-12-02")]
    staff = [
        {"code": "P-1", "name_hi": "", "name_en": "Meena", "centre": "SCHOOL-1", "email": "p@school.example"},
        {"code": "C-1", "name_hi": "", "name_en": "Rekha", "centre": "CAMP-1", "email": "c@block.example"},
    ]
    nameless = [{**staff[0], "email": ""}]
    assert await faults(imported(world, rows, nameless)) == [("operators", "2", "EMAIL")]

    await imported(world, rows, staff)

    admitted = await comes(world, Provider.PARICHAY, "p@school.example")
    assert admitted.kind is PersonKind.OPERATOR
    assert await refused_to(world, Provider.CSC_CONNECT, "P-1")
    async with world.env.store.read_transaction() as tx:
        camp = (await centres.centres(tx, ["CAMP-1"]))["CAMP-1"]
    assert (str(camp.opens_on), str(camp.closes_on)) == ("2026-12-01", "2026-12-02")
