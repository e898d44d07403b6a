import pytest

from domain.kernel import OfficerLevel, Posting, Role
from store.database import AlreadyThere, NotThere, Store
from store.identity import people
from tests.store.builders import citizen, officer, operator

REVENUE, DEHRADUN, SADAR = "revenue-department", "57", "358"


async def test_a_citizen_comes_back_as_she_was_kept(store: Store) -> None:
    bare = citizen("c2", born_on=None, gender=None, mobile=None, email=None, district=None, aadhaar_last4=None)
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        await people.add_citizen(tx, bare)
    async with store.read_transaction() as tx:
        assert await people.citizens(tx, ["c1", "c2", "c3"]) == {"c1": citizen(), "c2": bare}


async def test_a_citizen_is_kept_once_and_can_be_changed(store: Store) -> None:
    changed = citizen(mobile="9899999999", tehsil="359")
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        with pytest.raises(AlreadyThere):
            await people.add_citizen(tx, citizen())
        await people.update_citizen(tx, changed)
        with pytest.raises(NotThere):
            await people.update_citizen(tx, citizen("c9"))
    async with store.read_transaction() as tx:
        assert (await people.citizens(tx, ["c1"]))["c1"] == changed


async def test_the_same_personal_data_look_different_in_every_row(store: Store) -> None:
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen("c1"))
        await people.add_citizen(tx, citizen("c2"))
        rows = (await tx.connection.execute(people.citizens_table.select())).all()
    assert len({row.personal for row in rows}) == 2


async def test_many_ids_are_read_in_chunks(store: Store) -> None:
    async with store.write_transaction() as tx:
        for number in range(3):
            await people.add_operator(tx, operator(f"p{number}", f"CSC-{number}"))
    async with store.read_transaction() as tx:
        found = await people.operators(tx, (f"p{number}" for number in range(1201)))
        assert sorted(found) == ["p0", "p1", "p2"]
        assert await people.operators(tx, []) == {}


async def test_officers_are_found_by_id_and_by_e_mail_in_any_case(store: Store) -> None:
    one = officer("o1", Posting(Role.OFFICER, REVENUE, DEHRADUN, SADAR, OfficerLevel.DESIGNATED))
    async with store.write_transaction() as tx:
        await people.add_officer(tx, one)
        with pytest.raises(AlreadyThere):
            await people.add_officer(tx, officer("o2", email="O1@UK.gov.test"))
    async with store.read_transaction() as tx:
        assert await people.officers(tx, ["o1", "o2"]) == {"o1": one}
        assert await people.officer_by_email(tx, " O1@uk.GOV.test ") == one
        assert await people.officer_by_email(tx, "nobody@uk.gov.test") is None


async def test_an_officer_moves_to_another_posting(store: Store) -> None:
    moved = officer("o1", Posting(Role.APPELLATE, level=OfficerLevel.FIRST_APPELLATE), Posting(Role.OFFICER, REVENUE))
    async with store.write_transaction() as tx:
        await people.add_officer(tx, officer("o1", Posting(Role.OFFICER, REVENUE, DEHRADUN)))
        await people.update_officer(tx, moved)
        with pytest.raises(NotThere):
            await people.update_officer(tx, officer("o9"))
    async with store.read_transaction() as tx:
        assert (await people.officers(tx, ["o1"]))["o1"] == moved


async def test_the_most_specific_posting_that_covers_comes_first(store: Store) -> None:
    level = OfficerLevel.DESIGNATED
    everywhere = officer("o1", Posting(Role.OFFICER, level=level))
    department = officer("o2", Posting(Role.OFFICER, REVENUE, level=level))
    district = officer("o3", Posting(Role.OFFICER, REVENUE, DEHRADUN, level=level))
    tehsil = officer("o4", Posting(Role.OFFICER, REVENUE, DEHRADUN, SADAR, level))
    elsewhere = officer("o5", Posting(Role.OFFICER, REVENUE, "58", level=level))
    appellate = officer("o6", Posting(Role.APPELLATE, REVENUE, DEHRADUN, level=OfficerLevel.FIRST_APPELLATE))
    async with store.write_transaction() as tx:
        for one in (everywhere, department, district, tehsil, elsewhere, appellate):
            await people.add_officer(tx, one)
    async with store.read_transaction() as tx:

        async def found(tehsil: str | None, role: Role = Role.OFFICER, level: OfficerLevel | None = level) -> list[str]:
            place = {"department": REVENUE, "district": DEHRADUN, "tehsil": tehsil, "service": None}
            return [one.id for one in await people.posted_officers(tx, role=role, level=level, **place)]

        assert await found(SADAR) == ["o4", "o3", "o2", "o1"]
        assert await found(None) == ["o3", "o2", "o1"]
        assert await found(SADAR, Role.APPELLATE, None) == ["o6"]
        assert await found(SADAR, level=OfficerLevel.SECOND_APPELLATE) == []


async def test_operators_are_found_by_id_and_csc_id(store: Store) -> None:
    async with store.write_transaction() as tx:
        await people.add_operator(tx, operator())
        with pytest.raises(AlreadyThere):
            await people.add_operator(tx, operator("p2"))
    async with store.read_transaction() as tx:
        assert await people.operators(tx, ["p1"]) == {"p1": operator()}
        assert await people.operator_by_csc_id(tx, "CSC-1") == operator()
        assert await people.operator_by_csc_id(tx, "CSC-2") is None
