"""Finance officers list the beneficiaries of their places by where they stand, and reach the sanction behind each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.identity.policy import ObjectKind
from domain.kernel import Language, PersonKind, Posting, Role, Subject
from domain.payments.files import Beneficiary, Group, PayeeDetails, PaymentMethod, RegistrationState
from store.benefits import benefits
from store.identity import accesses
from store.payments import beneficiaries, beneficiary_lists
from tests.schema.appeals.test_commission import enter
from tests.schema.reconciliation.test_finance import QUEUE
from tests.schema.test_query import pay
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, NOW, OFFICER, World

LIST = """query($state: BeneficiaryState!, $order: BeneficiaryOrder! = LONGEST_FIRST, $first: Int! = 10, $after: String,
    $code: String, $scheme: String, $district: String) {
  paymentBeneficiaries(first: $first, after: $after, state: $state, order: $order, code: $code, schemeCode: $scheme,
    district: $district) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { beneficiaryRef number state stateLabel since codes byAadhaar maskedAccount accountVersion pfmsCode
      reasons { code text action } district { code } benefit { number instalments { status } } } } }"""
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "01930000-0000-7000-8000-000000000299", ())
DETAILS = PayeeDetails("Asha Devi", "आशा देवी", "50100012345678", "SBIN0000630", "STATE BANK OF INDIA", "49")


@pytest.fixture
async def finance(world: World) -> Subject:
    return await enter(world, 11, "Finance", Posting(Role.FINANCE_OFFICER, "social-welfare", "49"))


async def beneficiary(
    world: World, state: RegistrationState, *, days: int = 1, codes: tuple[str, ...] = (), who: Subject = CITIZEN
) -> Beneficiary:
    """A pension of somebody, and its beneficiary, who has stood there for some days."""
    application = await world.approve(await world.submit("ES90", who))
    async with world.environment.store.write_transaction() as tx:
        [sanction] = (await benefits.sanction_of_applications(tx, [application.id])).values()
        key = world.environment.ids.key()
        group = Group(sanction.scheme_code, "UKDD0001", PaymentMethod.ACCOUNT)
        account, since = world.environment.ids.key(), NOW - timedelta(days=days)
        made = Beneficiary(key, sanction.citizen_id, sanction.id, group, 1, account, RegistrationState.WAITING, since)
        table = beneficiaries.beneficiaries_table
        await beneficiaries.add(tx, made, DETAILS)
        values = {"state": state.value, "codes": list(codes) or None}
        await tx.connection.execute(table.update().where(table.c.id == key).values(values))
        await benefits.change_sanction(tx, sanction.id, bank_account_last4="5678")
    return replace(made, state=state, codes=codes)


async def listed(world: World, subject: Subject, state: str, **given: object):
    answer = await world.ask(LIST, subject, **{"state": state} | given)
    return answer["data"]["paymentBeneficiaries"], [error["extensions"]["code"] for error in answer["errors"]]


async def test_a_declined_beneficiary_is_listed_with_its_reason_its_account_masked_and_its_benefit(world, finance):
    one = await beneficiary(world, RegistrationState.REJECTED, codes=("DBE0016",))
    found, errors = await listed(world, finance, "REJECTED")
    assert (errors, found["totalCount"]) == ([], 1)
    [row] = found["nodes"]
    assert (row["beneficiaryRef"], row["codes"], row["maskedAccount"]) == (one.id, ["DBE0016"], "XXXX5678")
    assert "no such account" in row["reasons"][0]["text"]
    assert row["reasons"][0]["action"]
    assert row["benefit"]["number"] == row["number"].replace(" ", "")
    assert row["district"] == {"code": "49"}
    assert row["since"].startswith("2026-11-2")
    hindi = await world.ask(LIST, finance, Language.HI, state="REJECTED")
    assert hindi["data"]["paymentBeneficiaries"]["nodes"][0]["stateLabel"] == "अस्वीकृत"


async def test_every_state_is_a_list_of_its_own_and_filters_narrow_it(world, finance):
    await beneficiary(world, RegistrationState.REJECTED, codes=("DBE0016",))
    await beneficiary(world, RegistrationState.VALIDATED, who=NEIGHBOUR)
    assert [(await listed(world, finance, state))[0]["totalCount"] for state in ("WAITING", "VALIDATED")] == [0, 1]
    for given, many in (
        ({"code": "DBE0016"}, 1),
        ({"code": "DBE001"}, 0),
        ({"code": '%"'}, 0),
        ({"scheme": "no-such-scheme"}, 0),
        ({"district": "49"}, 1),
        ({"district": "45"}, 0),
    ):
        found, _ = await listed(world, finance, "REJECTED", **given)
        assert (found["totalCount"], len(found["nodes"])) == (many, many), given


async def test_the_longest_come_first_or_the_newest_page_by_page(world, finance):
    old = await beneficiary(world, RegistrationState.SENT, days=9)
    new = await beneficiary(world, RegistrationState.SENT, days=2, who=NEIGHBOUR)
    for order, expected in (("LONGEST_FIRST", [old.id, new.id]), ("NEWEST_FIRST", [new.id, old.id])):
        page, _ = await listed(world, finance, "SENT", order=order, first=1)
        assert page["pageInfo"]["hasNextPage"] is True
        rest, _ = await listed(world, finance, "SENT", order=order, first=1, after=page["pageInfo"]["endCursor"])
        assert [one["beneficiaryRef"] for one in [*page["nodes"], *rest["nodes"]]] == expected


async def test_who_pays_elsewhere_sees_none_an_auditor_sees_rows_without_the_benefit_and_others_are_told_nothing(
    world, finance
):
    await beneficiary(world, RegistrationState.VALIDATED)
    far = await enter(world, 13, "Far", Posting(Role.FINANCE_OFFICER, "social-welfare", "45"))
    assert (await listed(world, far, "VALIDATED"))[0]["totalCount"] == 0
    [row] = (await listed(world, AUDITOR, "VALIDATED"))[0]["nodes"]
    assert (row["maskedAccount"], row["benefit"]) == ("XXXX5678", None)
    for subject in (CITIZEN, OFFICER):
        assert await listed(world, subject, "VALIDATED") == (None, ["NOT_FOUND"])


async def test_each_look_at_a_row_leaves_a_receipt_with_the_citizen(world, finance):
    await beneficiary(world, RegistrationState.VALIDATED)
    await listed(world, finance, "VALIDATED")
    await listed(world, AUDITOR, "VALIDATED")
    async with world.environment.store.read_transaction() as tx:
        seen = await accesses.of_citizen(tx, ASHA, 100)
    assert {(one.object_kind, one.purpose) for one in seen} >= {
        (ObjectKind.BENEFIT.value, "PAY_BENEFIT"),
        (ObjectKind.FINANCE_BOOK.value, "AUDIT"),
    }


async def test_the_row_beyond_a_page_is_looked_at_by_nobody_and_leaves_no_receipt(world, finance):
    first = await beneficiary(world, RegistrationState.VALIDATED, days=2)
    await beneficiary(world, RegistrationState.VALIDATED, who=NEIGHBOUR)
    found, _ = await listed(world, finance, "VALIDATED", first=1)
    assert ([row["beneficiaryRef"] for row in found["nodes"]], found["pageInfo"]["hasNextPage"]) == ([first.id], True)
    async with world.environment.store.read_transaction() as tx:
        seen = [await accesses.of_citizen(tx, who, 100) for who in (first.citizen_id, NEIGHBOUR.person_id)]
    assert [any(one.purpose == "PAY_BENEFIT" for one in those) for those in seen] == [True, False]


async def test_an_auditor_reads_the_rows_of_the_payment_queue_too(world):
    await pay(world)
    found = (await world.ask(QUEUE, AUDITOR, queue="IN_FLIGHT"))["data"]["paymentQueue"]
    assert (found["totalCount"], len(found["nodes"])) == (1, 1)


async def test_a_list_that_is_longer_than_is_counted_has_no_count_and_its_pages_all_the_same(
    world, finance, monkeypatch
):
    monkeypatch.setattr(beneficiary_lists, "MOST_COUNTED", 1)
    await beneficiary(world, RegistrationState.SENT)
    await beneficiary(world, RegistrationState.SENT, who=NEIGHBOUR)
    found, errors = await listed(world, finance, "SENT")
    assert (errors, found["totalCount"], len(found["nodes"])) == ([], None, 2)
