"""Beneficiaries are listed by state along an index, page by page in both orders, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from domain.kernel import Posting, Role
from domain.payments.files import RegistrationState
from store.benefits.benefits import sanctions_table
from store.database import Store
from store.identity import people
from store.payments import beneficiary_lists
from store.payments.beneficiary_lists import BeneficiaryFilter, BeneficiaryOrder
from store.payments.payment_tables import beneficiaries_table
from tests.store.builders import NOW, citizen
from tests.support.plans import asked, plan_of

MANY = 3000
"""Beneficiaries; every tenth was declined, for one reason or another, and every thirteenth is of Dehradun."""

DECLINED, VALIDATED = RegistrationState.REJECTED, RegistrationState.VALIDATED
DEHRADUN = [Posting(Role.FINANCE_OFFICER, "social-welfare", "49")]


@pytest.fixture
async def full(store: Store) -> Store:
    """A store with many beneficiaries, and what the database knows about its rows."""
    person = citizen()
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, person)
        await tx.connection.execute(
            insert(sanctions_table),
            [
                {
                    "id": f"s{number:04d}",
                    "citizen_id": person.id,
                    "number": f"n{number}",
                    "scheme_code": "old-age" if number % 2 else "widow",
                    "department": "social-welfare",
                    "district": str(45 + number % 13),
                    "sanctioned_at": NOW,
                }
                for number in range(MANY)
            ],
        )
        await tx.connection.execute(
            insert(beneficiaries_table),
            [
                {
                    "id": f"b{number:04d}",
                    "citizen_id": person.id,
                    "sanction_id": f"s{number:04d}",
                    "scheme_code": "old-age" if number % 2 else "widow",
                    "agency": "UKDD0001",
                    "method": "A",
                    "version": 1,
                    "account_id": f"a{number:04d}",
                    "state": (VALIDATED if number % 10 else DECLINED).value,
                    "state_at": NOW - timedelta(minutes=number // 20),
                    "codes": None if number % 10 else ["DBE0016" if number % 20 else "DBE0008"],
                    "created_at": NOW,
                }
                for number in range(MANY)
            ],
        )
    async with store.write_transaction() as tx:
        await tx.connection.execute(text("ANALYZE"))
    return store


@pytest.mark.parametrize("order", list(BeneficiaryOrder))
@pytest.mark.parametrize("backward", [False, True])
async def test_a_page_is_read_along_the_index_however_many_there_are(
    full: Store, order: BeneficiaryOrder, backward: bool
) -> None:
    wanted = BeneficiaryFilter(VALIDATED, order=order)
    with asked(full) as seen:
        async with full.read_transaction() as tx:
            middle = (NOW - timedelta(minutes=60), "b1210")
            found = await beneficiary_lists.page(tx, None, wanted, place=middle, backward=backward, limit=20)
    assert len(found) == 20
    async with full.read_transaction() as tx:
        plan = await plan_of(tx, seen[-1])
    assert "ix_payment_beneficiaries_state_state_at" in plan, plan
    assert "SCAN payment_beneficiaries" not in plan
    assert "Seq Scan on payment_beneficiaries" not in plan
    assert "Sort" not in plan.replace("Incremental Sort", "")
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("order", list(BeneficiaryOrder))
@pytest.mark.parametrize("state", [VALIDATED, DECLINED])
async def test_a_code_is_looked_for_among_those_who_were_declined_alone(
    full: Store, state: RegistrationState, order: BeneficiaryOrder
) -> None:
    wanted = BeneficiaryFilter(state, order=order, code="DBE0031")
    with asked(full) as seen:
        async with full.read_transaction() as tx:
            assert await beneficiary_lists.page(tx, None, wanted, place=None, limit=20) == []
            assert await beneficiary_lists.count_of(tx, None, wanted) == 0
    for statement in seen:
        async with full.read_transaction() as tx:
            plan = await plan_of(tx, statement)
        assert "ix_payment_beneficiaries_declined" in plan, plan
        assert "SCAN payment_beneficiaries" not in plan
        assert "Seq Scan on payment_beneficiaries" not in plan


@pytest.mark.parametrize("order", list(BeneficiaryOrder))
async def test_pages_give_every_row_once_in_their_order(full: Store, order: BeneficiaryOrder) -> None:
    wanted = BeneficiaryFilter(DECLINED, order=order, code="DBE0016", scheme_code="widow")
    async with full.read_transaction() as tx:
        many = await beneficiary_lists.count_of(tx, DEHRADUN, wanted)
        found, place = [], None
        while page := await beneficiary_lists.page(tx, DEHRADUN, wanted, place=place, limit=4):
            found += page
            place = (page[-1].since, page[-1].id)
    keys = [(one.since, one.id) for one in found]
    assert keys == sorted(keys, reverse=order is BeneficiaryOrder.NEWEST_FIRST)
    expected = {f"b{number:04d}" for number in range(MANY) if number % 20 == 10 and number % 13 == 4}
    assert {one.id for one in found} == expected
    assert many == len(found) == len(expected) > 8
    assert {one.codes for one in found} == {("DBE0016",)}


async def test_a_long_list_is_not_counted_to_its_end(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beneficiary_lists, "MOST_COUNTED", 300)
    async with full.read_transaction() as tx:
        assert await beneficiary_lists.count_of(tx, None, BeneficiaryFilter(DECLINED)) == 300
        assert await beneficiary_lists.count_of(tx, None, BeneficiaryFilter(VALIDATED)) is None
