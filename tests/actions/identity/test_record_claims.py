"""A record that was entered for a citizen becomes hers by a code to its telephone, or by an officer's word."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.consents import consent_ledger
from actions.identity.code_sending import SEND, send_code
from actions.identity.record_claims import ClaimRecord, claim_record, claims_for, confirm_claim, decide_claim
from actions.identity.record_joining import join_due, stop_claim
from actions.kernel import UnitOfWork
from domain.consents.consents import ConsentPurpose, ConsentStatus, ConsentStep
from domain.identity.record_claims import CLAIM_LIFE, COOLING_OFF, ClaimState, ClaimWay
from domain.kernel import Assurance, Bilingual, ErrorCode, PersonKind, Problems, Provider, Role, Subject
from store.applications import applications
from store.feedback import notices
from store.identity import accesses, identities, people
from store.platform import outbox
from tests.store.builders import citizen
from tests.support.phones import Phones, with_phones
from tests.support.stored import aliases_of, audit_lines_of
from tests.support.worlds import wrong

MERI, NEW = Provider.MERI_PEHCHAAN, "0193a000-0000-7000-8000-0000000000aa"


@pytest.fixture
def phones() -> Phones:
    return Phones()


@pytest.fixture
async def claiming(world, phones):
    """Asha applied at a centre and has no account; a sign-in by MeriPehchaan has just made another record."""
    world.env = with_phones(world.env, phones)
    case = await world.submit(world.asha)
    async with world.env.store.write_transaction() as tx:
        record = (await people.citizens(tx, [world.asha.person_id]))[world.asha.person_id]
        made = citizen(NEW, name=Bilingual(None, "Asha Negi"), born_on=record.born_on, mobile="9800000099")
        made = replace(made, aadhaar_reference=None, aadhaar_last4=None)
        await people.add_citizen(tx, made)
        at = world.clock.now()
        await identities.add_identity(tx, MERI, "DL-1", PersonKind.CITIZEN, NEW, at, "SUBSTANTIAL")
    return world, case, record


def her(strength: Assurance = Assurance.SUBSTANTIAL) -> Subject:
    return Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, NEW, session_id="s-1", assurance=strength)


def request(case, record, way: ClaimWay = ClaimWay.CODE, key: str = "claim", **changes: Any) -> ClaimRecord:
    return replace(ClaimRecord(case.number, record.born_on, way, key), **changes)


async def code_of(world, phones) -> str | None:
    async with world.env.store.write_transaction() as tx:
        waiting = await outbox.claim(tx, "test", 50, 30.0)
    for one in waiting:
        if one.topic == SEND:
            await send_code(world.env, one.payload)
    return "".join(filter(str.isdigit, phones.sent[-1][1]))[:6] if phones.sent else None


async def refusal(call) -> ErrorCode:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code


async def owner(world) -> str:
    async with world.env.store.read_transaction() as tx:
        known = await identities.identity(tx, MERI, "DL-1")
    assert known is not None
    return known[1]


async def test_the_code_from_the_telephone_on_file_makes_the_record_hers(claiming, phones):
    world, case, record = claiming
    claim, _ = await claim_record(world.env, her(), request(case, record))
    code = await code_of(world, phones)
    assert phones.sent[-1][0] == record.mobile  # not the one that she signed in with

    done, _ = await confirm_claim(world.env, her(), claim.id, code or "", "code")

    assert done.state is ClaimState.DONE
    assert await owner(world) == world.asha.person_id
    async with world.env.store.read_transaction() as tx:
        left = (await people.citizens(tx, [NEW]))[NEW]
        told = await notices.of_citizen(world.asha.person_id).page(tx, limit=5)
        lines = await audit_lines_of(tx, "RECORD_CLAIM", claim.id)
    assert (left.name.en, left.mobile) == ("Erased", None)
    assert "ACCOUNT_LINKED" in {one.kind.value for one in told}
    assert [line.action for line in lines] == ["record.claim_asked", "record.claimed"]
    assert await wrong(world.env) == []


async def test_what_she_is_told_is_the_same_whether_or_not_there_is_such_a_record(claiming, phones):
    world, case, record = claiming
    right, _ = await claim_record(world.env, her(), request(case, record, key="1"))
    other_day, _ = await claim_record(
        world.env, her(), request(case, record, key="2", born_on=record.born_on + timedelta(days=1))
    )
    no_number, _ = await claim_record(world.env, her(), request(case, record, key="3", number="text"))

    assert len({(one.way, one.state, one.strength) for one in (right, other_day, no_number)}) == 1
    await code_of(world, phones)
    assert [mobile for mobile, _ in phones.sent] == [record.mobile]
    for one in (other_day, no_number):
        assert await refusal(confirm_claim(world.env, her(), one.id, "000000", f"k-{one.id}")) is ErrorCode.OTP_WRONG
    assert await owner(world) == NEW


async def test_another_date_of_birth_than_the_providers_is_no_way_in(claiming, phones):
    world, case, record = claiming
    async with world.env.store.write_transaction() as tx:
        claimant = (await people.citizens(tx, [NEW]))[NEW]
        await people.update_citizen(tx, replace(claimant, born_on=record.born_on + timedelta(days=1)))
    await claim_record(world.env, her(), request(case, record))
    await code_of(world, phones)
    assert phones.sent == []


async def test_a_sign_in_that_is_not_sure_enough_claims_nothing(claiming):
    world, case, record = claiming
    low = her(Assurance.LOW)
    assert await refusal(claim_record(world.env, low, request(case, record))) is ErrorCode.STRENGTH_TOO_LOW


async def test_a_record_that_has_an_account_is_not_claimed_by_a_code(claiming, phones):
    world, case, record = claiming
    async with world.env.store.write_transaction() as tx:
        at = world.clock.now()
        hers = PersonKind.CITIZEN, world.asha.person_id
        await identities.add_identity(tx, Provider.JAN_PARICHAY, "JP-1", *hers, at, "SUBSTANTIAL")
    await claim_record(world.env, her(), request(case, record))
    await code_of(world, phones)
    assert phones.sent == []


async def test_where_both_records_were_used_a_code_is_not_enough(claiming, phones):
    world, case, record = claiming
    await world.submit(her(), idempotency_key="own")
    claim, _ = await claim_record(world.env, her(), request(case, record))
    code = await code_of(world, phones)
    confirmed = confirm_claim(world.env, her(), claim.id, code or "", "code")
    assert await refusal(confirmed) is ErrorCode.RECORD_IN_USE
    assert await owner(world) == NEW


async def test_a_wrong_code_is_counted_and_the_third_ends_the_claim(claiming, phones):
    world, case, record = claiming
    claim, _ = await claim_record(world.env, her(), request(case, record))
    code = await code_of(world, phones)
    wrong_one = "000000" if code != "000000" else "111111"
    for number in range(3):
        tried = confirm_claim(world.env, her(), claim.id, wrong_one, f"try-{number}")
        assert await refusal(tried) is ErrorCode.OTP_WRONG
    assert await refusal(confirm_claim(world.env, her(), claim.id, code or "", "late")) is ErrorCode.NOT_FOUND
    assert await owner(world) == NEW


async def test_nobody_enters_the_code_for_another_claim_than_her_own(claiming, phones):
    world, case, record = claiming
    claim, _ = await claim_record(world.env, her(), request(case, record))
    code = await code_of(world, phones)
    assert await refusal(confirm_claim(world.env, world.sunil, claim.id, code or "", "k")) is ErrorCode.NOT_FOUND


async def test_no_more_than_five_are_made_in_a_day(claiming):
    world, case, record = claiming
    for number in range(5):
        await claim_record(world.env, her(), request(case, record, ClaimWay.OFFICER, key=f"c-{number}"))
    sixth = request(case, record, ClaimWay.OFFICER, key="c-6")
    assert await refusal(claim_record(world.env, her(), sixth)) is ErrorCode.RATE_LIMITED


async def test_an_officer_of_the_place_decides_where_no_telephone_proves_it(claiming):
    world, case, record = claiming
    async with world.env.store.write_transaction() as tx:
        await people.update_citizen(tx, replace(record, mobile=None))
    claim, _ = await claim_record(world.env, her(), request(case, record, ClaimWay.OFFICER))
    office = await decider(world, case)

    [shown] = [one for one in await claims_for(world.env, office) if one.claim.id == claim.id]
    assert (shown.application.number, shown.record.id, shown.claimant.id) == (case.number, record.id, NEW)
    async with world.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, record.id, 9)
    assert "RECORD_CLAIM" in {one.object_kind for one in receipts}

    done, _ = await decide_claim(world.env, office, claim.id, "Ration card and voter card seen", "yes", accept=True)
    assert (done.state, done.decided_by) == (ClaimState.DONE, office.person_id)
    assert await owner(world) == record.id
    async with world.env.store.read_transaction() as tx:
        assert (await people.citizens(tx, [record.id]))[record.id].mobile == "9800000099"


async def test_an_officer_refuses_and_nobody_else_may_decide(claiming):
    world, case, record = claiming
    claim, _ = await claim_record(world.env, her(), request(case, record, ClaimWay.OFFICER))
    office = await decider(world, case)
    for subject in (world.elsewhere, her(), world.operator):
        tried = decide_claim(world.env, subject, claim.id, "seen", "k", accept=True)
        assert await refusal(tried) is ErrorCode.NOT_FOUND
    assert claim.id not in {one.claim.id for one in await claims_for(world.env, world.elsewhere)}
    assert await refusal(decide_claim(world.env, office, claim.id, " ", "k1", accept=True)) is ErrorCode.BAD_INPUT

    refused, _ = await decide_claim(world.env, office, claim.id, "Another person", "k2", accept=False)
    assert (refused.state, refused.reason) == (ClaimState.REFUSED, "Another person")
    assert await owner(world) == NEW
    again = decide_claim(world.env, office, claim.id, "After all", "k3", accept=True)
    assert await refusal(again) is ErrorCode.NOT_FOUND
    [own] = await claims_for(world.env, her())
    assert (own.claim.state, own.record, own.claimant) == (ClaimState.REFUSED, None, None)


async def test_a_claim_waits_a_month_for_an_officer(claiming):
    world, case, record = claiming
    claim, _ = await claim_record(world.env, her(), request(case, record, ClaimWay.OFFICER))
    office = await decider(world, case)
    world.clock.advance(CLAIM_LIFE)
    assert await claims_for(world.env, office) == []
    assert await refusal(decide_claim(world.env, office, claim.id, "seen", "k", accept=True)) is ErrorCode.NOT_FOUND


async def agreed(world, case, record):
    """Both records were used; she has shown her papers, and the officer of the place agreed."""
    own = await world.submit(her(), idempotency_key="own")
    claim, _ = await claim_record(world.env, her(), request(case, record, ClaimWay.OFFICER))
    office = await decider(world, case)
    shown, _ = await decide_claim(world.env, office, claim.id, "Both papers seen", "yes", accept=True)
    return own, shown, office


async def cases_of(world, citizen_id: str) -> set[str]:
    async with world.env.store.read_transaction() as tx:
        return {one.id for one in await applications.page_of_citizen(tx, citizen_id, limit=20)}


async def test_two_used_records_become_one_a_week_after_an_officer_agreed(claiming):
    world, case, record = claiming
    own, claim, _ = await agreed(world, case, record)
    assert (claim.state, claim.joins_at) == (ClaimState.AGREED, world.clock.now() + COOLING_OFF)
    world.clock.advance(COOLING_OFF - timedelta(seconds=1))
    assert await join_due(world.env) == 0
    assert await cases_of(world, NEW) == {own.id}

    world.clock.advance(timedelta(seconds=1))
    assert await join_due(world.env) == 1

    assert {case.id, own.id} <= await cases_of(world, NEW)
    assert await cases_of(world, record.id) == set()
    assert await owner(world) == NEW
    async with world.env.store.read_transaction() as tx:
        led = (await people.citizens(tx, [record.id]))[record.id]
        told = {one.kind.value for one in await notices.of_citizen(NEW).page(tx, limit=20)}
        lines = [line.action for line in await audit_lines_of(tx, "RECORD_CLAIM", claim.id)]
        assert await aliases_of(tx, NEW) == [record.id]
    assert led.id == NEW
    assert {"RECORDS_TO_BE_JOINED", "RECORDS_JOINED"} <= told
    assert lines == ["record.claim_asked", "record.join_agreed", "record.joined"]
    assert await join_due(world.env) == 0
    assert await wrong(world.env) == []


@pytest.mark.parametrize("who", ["she herself", "whose record it is", "the officer"])
async def test_until_then_either_side_or_an_officer_stops_it(claiming, who):
    world, case, record = claiming
    own, claim, office = await agreed(world, case, record)
    assert claim.id in {one.claim.id for one in await claims_for(world.env, world.asha)}
    for stranger in (world.sunil, world.elsewhere, world.operator):
        assert await refusal(stop_claim(world.env, stranger, claim.id, "no")) is ErrorCode.NOT_FOUND
    by = {"she herself": her(), "whose record it is": world.asha, "the officer": office}[who]

    stopped, _ = await stop_claim(world.env, by, claim.id, "stop")

    assert stopped.state is ClaimState.STOPPED
    world.clock.advance(COOLING_OFF)
    assert await join_due(world.env) == 0
    assert await cases_of(world, NEW) == {own.id}
    assert await refusal(stop_claim(world.env, by, claim.id, "again")) is ErrorCode.NOT_FOUND


async def test_records_with_different_aadhaar_numbers_are_never_joined(claiming):
    world, case, record = claiming
    await set_aadhaar(world, record.id, "reference-1")
    await set_aadhaar(world, NEW, "reference-2")
    await world.submit(her(), idempotency_key="own")
    claim, _ = await claim_record(world.env, her(), request(case, record, ClaimWay.OFFICER))
    office = await decider(world, case)
    deciding = decide_claim(world.env, office, claim.id, "Both papers seen", "yes", accept=True)
    assert await refusal(deciding) is ErrorCode.AADHAAR_DIFFERS


async def test_a_number_that_comes_during_the_week_stops_it_too(claiming):
    world, case, record = claiming
    own, claim, _ = await agreed(world, case, record)
    await set_aadhaar(world, record.id, "reference-1")
    await set_aadhaar(world, NEW, "reference-2")
    world.clock.advance(COOLING_OFF)
    assert await join_due(world.env) == 0
    [hers] = [one.claim for one in await claims_for(world.env, her()) if one.claim.id == claim.id]
    assert hers.state is ClaimState.STOPPED
    assert await cases_of(world, NEW) == {own.id}


async def test_two_records_with_accounts_of_their_own_are_joined_by_an_officer_only(claiming):
    world, case, record = claiming
    async with world.env.store.write_transaction() as tx:
        at = world.clock.now()
        hers = PersonKind.CITIZEN, record.id
        await identities.add_identity(tx, Provider.JAN_PARICHAY, "JP-1", *hers, at, "SUBSTANTIAL")
    claim, _ = await claim_record(world.env, her(), request(case, record, ClaimWay.OFFICER))
    office = await decider(world, case)
    shown, _ = await decide_claim(world.env, office, claim.id, "Both papers seen", "yes", accept=True)
    assert shown.state is ClaimState.AGREED  # though the one who claims holds nothing: the other account is warned
    world.clock.advance(COOLING_OFF)
    assert await join_due(world.env) == 1
    async with world.env.store.read_transaction() as tx:
        assert await identities.identity(tx, Provider.JAN_PARICHAY, "JP-1") == (PersonKind.CITIZEN, NEW)
    assert await wrong(world.env) == []


async def test_a_consent_follows_her_where_she_never_spoke_of_it_here(claiming):
    world, case, record = claiming
    until = world.clock.now() + timedelta(days=90)
    await agreed(world, case, record)
    async with world.env.store.write_transaction() as tx:
        for subject, purpose, step in (
            (world.asha, ConsentPurpose.RATION_CARD, ConsentStep.GRANT),
            (world.asha, ConsentPurpose.ROSTER, ConsentStep.GRANT),
            (her(), ConsentPurpose.ROSTER, ConsentStep.DECLINE),
        ):
            said = {"same": None, "scope": ("onorc/RATCR",), "until": until, "artefact": {"of": "her"}}
            await consent_ledger.write(UnitOfWork(world.env, tx, subject), subject.person_id, step, purpose, **said)
    world.clock.advance(COOLING_OFF)
    assert await join_due(world.env) == 1

    async with world.env.store.read_transaction() as tx:
        held = await consent_ledger.recorded_consents(tx, NEW)
        left = await consent_ledger.recorded_consents(tx, record.id)
    by_purpose = {one.purpose: one.status(world.clock.now()) for one in held}
    assert by_purpose == {
        ConsentPurpose.RATION_CARD: ConsentStatus.GIVEN,
        ConsentPurpose.ROSTER: ConsentStatus.DECLINED,
    }
    [card] = [one for one in held if one.purpose is ConsentPurpose.RATION_CARD]
    [given] = [one for one in left if one.purpose is ConsentPurpose.RATION_CARD]
    assert (card.until, card.scope, card.records[0].notice_hash) == (until, given.scope, given.records[0].notice_hash)
    assert (card.records[0].artefact, given.records[0].artefact) == ({"of": "her"}, {})
    assert await wrong(world.env) == []


async def set_aadhaar(world, citizen_id: str, reference: str) -> None:
    async with world.env.store.write_transaction() as tx:
        known = (await people.citizens(tx, [citizen_id]))[citizen_id]
        await people.update_citizen(tx, replace(known, aadhaar_reference=reference, aadhaar_last4="0000"))


async def decider(world, case) -> Subject:
    """The officer in whose place the application lies."""
    for subject in (world.registrar, world.tehsildar, world.welfare, world.employment):
        if any(one.covers(case.department, case.district, case.tehsil) for one in subject.postings):
            return subject
    raise AssertionError("nobody is posted there")
