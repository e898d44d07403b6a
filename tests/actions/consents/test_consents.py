"""Consents: asked, given, renewed, taken back; every step is a record that cannot be changed unseen."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from actions.certificates.certificates import certificates_of
from actions.consents.artefacts import sign
from actions.consents.consent_ledger import recorded_consents
from actions.consents.consents import ChangeConsent, ask_consent, grant_consent, renew_consent, withdraw_consent
from actions.consents.recorded_consents import consent_state
from actions.documents.department_documents import RATION_CARD, department_certificates_of
from actions.documents.locker_revoking import REVOKE, revoke_locker
from actions.identity.sign_in_people import keep_grant
from actions.kernel import Environment
from actions.privacy.personal_data import erase_person, export_part
from domain.consents.consent_notices import fingerprint_of
from domain.consents.consents import ConsentPurpose, ConsentState, ConsentStatus, ConsentStep
from domain.documents.documents import CARD_NUMBER
from domain.feedback.notices import NoticeKind, notice_text
from domain.kernel import (
    Bilingual,
    ErrorCode,
    Language,
    PersonKind,
    Problems,
    Role,
    Source,
    Sourced,
    SourceState,
    Subject,
)
from integrations.apisetu.consent import artefact_to_send
from integrations.calling.errors import Unavailable
from integrations.sso import ProviderTokens
from store.consents.consents import consent_records_table
from store.database import Keyrings
from store.database.errors import HolderFailed
from store.database.keyring import KeyHolder
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from store.feedback import notices
from store.identity import accesses, identities, people
from store.platform import outbox
from tests.actions.benefits.test_sources import DEPARTMENT_CERTIFICATE
from tests.support.held_keys import PATIENCE, KeysInMemory, SlowKeys
from tests.support.worlds import wrong

DOCUMENTS, CARD, LOCKER, TO_LOCKER = (
    ConsentPurpose.DEPARTMENT_DOCUMENTS,
    ConsentPurpose.RATION_CARD,
    ConsentPurpose.LOCKER_DOCUMENTS,
    ConsentPurpose.ISSUE_TO_LOCKER,
)


def of(purpose: ConsentPurpose, key: str, **changes: Any) -> ChangeConsent:
    return replace(ChangeConsent(purpose, key), **changes)


async def hold(world, *doctypes: str, publisher: str = "edistrictuk") -> None:
    """Departments hold these documents of Asha; she has consented to nothing yet."""
    async with world.env.store.write_transaction() as tx:
        for doctype in doctypes:
            await department_documents.add(
                tx,
                DepartmentDocument(
                    world.env.ids.key(),
                    world.asha.person_id,
                    publisher,
                    doctype,
                    Bilingual(None, doctype),
                    {"ApplicationNo": "1", CARD_NUMBER: "0512345678"},
                    {},
                    world.clock.now(),
                ),
            )


async def held(world) -> dict[str, DepartmentDocument]:
    async with world.env.store.read_transaction() as tx:
        return {one.doctype: one for one in await department_documents.of_citizen(tx, world.asha.person_id)}


async def state(world, purpose: ConsentPurpose = DOCUMENTS) -> ConsentState:
    return await consent_state(world.env, world.asha.person_id, purpose)


async def refusal(call) -> ErrorCode:
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code


@pytest.fixture
def asked(world) -> Subject:
    """The operator whom Asha let serve her by her one-time code."""
    return replace(world.operator, on_behalf_of=world.asha.person_id)


async def test_a_consent_that_is_given_opens_its_documents_until_its_day(world):
    await hold(world, "INCER", "CTCER")
    assert await state(world) is ConsentState.MISSING

    consent, replayed = await grant_consent(world.env, world.asha, of(DOCUMENTS, "give", days=30))

    assert not replayed
    assert consent.status(world.clock.now()) is ConsentStatus.GIVEN
    assert consent.scope == ("edistrictuk/CTCER", "edistrictuk/INCER")
    assert consent.until == world.clock.now() + timedelta(days=30)
    assert await state(world) is ConsentState.GIVEN
    world.clock.advance(timedelta(days=31))
    assert await state(world) is ConsentState.MISSING
    assert consent.status(world.clock.now()) is ConsentStatus.EXPIRED


async def test_the_artefact_of_each_document_is_the_one_that_api_setu_wants(world):
    await hold(world, "INCER", "CTCER")
    consent, _ = await grant_consent(world.env, world.asha, of(DOCUMENTS, "give"))

    documents = await held(world)
    assert set(consent.records[-1].artefact) == {one.id for one in documents.values()}
    for doctype, document in documents.items():
        sent = artefact_to_send(document.consent)
        assert sent["consent"]["data"]["id"] == doctype
        assert sent["consent"]["dataProvider"]["id"] == "edistrictuk"
        assert sent == consent.records[-1].artefact[document.id]
    assert len({one.consent["consent"]["consentId"] for one in documents.values()}) == 2


def with_keys(world, tmp_path, keys: KeyHolder) -> Environment:
    """The world's environment, whose keys these hold."""
    keyrings = Keyrings(tmp_path / "held", keys)
    keyrings.init()
    return replace(world.env, keyrings=keyrings)


class WithoutSignatures(KeysInMemory):
    """Keys whose holder signs nothing while it is `away`."""

    away = True

    def sign(self, purpose: str, key_id: str, message: bytes) -> bytes:
        if self.away:
            raise HolderFailed("away")
        return super().sign(purpose, key_id, message)


async def test_while_the_holder_of_the_key_takes_its_time_over_an_artefact_another_citizen_writes(world, tmp_path):
    await hold(world, "INCER")
    keys = SlowKeys()
    env = with_keys(world, tmp_path, keys)
    keys.slow = True

    given = asyncio.create_task(grant_consent(env, world.asha, of(DOCUMENTS, "give")))
    assert await asyncio.to_thread(keys.asked.wait, PATIENCE)
    other, _ = await grant_consent(world.env, world.sunil, of(TO_LOCKER, "give"))
    goes_on = not given.done()
    world.clock.advance(timedelta(seconds=8))
    keys.released.set()
    consent, _ = await given

    assert goes_on
    assert other.status(world.clock.now()) is ConsentStatus.GIVEN
    assert consent.status(world.clock.now()) is ConsentStatus.GIVEN
    assert consent.records[0].notice_hash == fingerprint_of(DOCUMENTS)
    assert await wrong(world.env) == []


async def test_what_changed_of_a_citizen_while_her_artefact_was_signed_stands_in_the_artefact(world, tmp_path):
    await hold(world, "INCER")
    keys = SlowKeys()
    env = with_keys(world, tmp_path, keys)
    keys.slow = True

    given = asyncio.create_task(grant_consent(env, world.asha, of(DOCUMENTS, "give")))
    assert await asyncio.to_thread(keys.asked.wait, PATIENCE)
    async with world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id])).values()
        await people.update_citizen(tx, replace(asha, mobile="9412000099"))
    keys.released.set()
    await given

    artefact = (await held(world))["INCER"].consent
    assert artefact["consent"]["user"]["mobile"] == "9412000099"
    assert artefact["signature"]["signature"] == sign(env.keyrings, artefact["consent"])


async def test_a_consent_whose_artefact_is_not_signed_leaves_nothing_and_is_given_at_the_next_try(world, tmp_path):
    await hold(world, "INCER")
    keys = WithoutSignatures()
    env = with_keys(world, tmp_path, keys)

    with pytest.raises(HolderFailed):
        await grant_consent(env, world.asha, of(DOCUMENTS, "give"))
    left = (await state(world), (await held(world))["INCER"].consent, await wrong(world.env))
    keys.away = False
    consent, replayed = await grant_consent(env, world.asha, of(DOCUMENTS, "give"))

    assert left == (ConsentState.MISSING, {}, [])
    assert (consent.status(world.clock.now()), replayed) == (ConsentStatus.GIVEN, False)


async def test_a_consent_that_was_given_is_told_again_without_the_holder_of_the_key(world, tmp_path):
    await hold(world, "INCER")
    await grant_consent(world.env, world.asha, of(DOCUMENTS, "give"))

    env = with_keys(world, tmp_path, WithoutSignatures())
    consent, replayed = await grant_consent(env, world.asha, of(DOCUMENTS, "give"))

    assert (consent.status(world.clock.now()), replayed) == (ConsentStatus.GIVEN, True)


async def test_only_the_documents_that_she_names_are_opened(world):
    await hold(world, "INCER", "CTCER")
    await grant_consent(world.env, world.asha, of(DOCUMENTS, "give", documents=("incer",)))

    world.apisetu.answer = Sourced(DEPARTMENT_CERTIFICATE, Source.API_SETU, SourceState.LIVE, world.clock.now())
    answers = await department_certificates_of(world.env, world.asha, world.asha.person_id)
    assert {one.document.doctype: one.certificate is not None for one in answers} == {"INCER": True, "CTCER": False}
    assert await refusal(renew_consent(world.env, world.asha, of(DOCUMENTS, "more", documents=("PANCR",)))) is (
        ErrorCode.DOCUMENT_UNKNOWN
    )


async def test_to_withdraw_takes_one_step_as_to_give_does_and_closes_everything(world):
    await hold(world, "INCER")
    await grant_consent(world.env, world.asha, of(DOCUMENTS, "give"))

    consent, _ = await withdraw_consent(world.env, world.asha, of(DOCUMENTS, "back"))

    assert consent.status(world.clock.now()) is ConsentStatus.WITHDRAWN
    assert consent.ended_at == world.clock.now()
    assert await state(world) is ConsentState.MISSING
    assert (await held(world))["INCER"].consent == {}
    [answer] = await department_certificates_of(world.env, world.asha, world.asha.person_id)
    assert (answer.failure.code, world.apisetu.requests) == ("consent_needed", [])


async def test_without_a_consent_no_receipt_and_no_provenance_says_that_a_source_was_asked(world):
    await hold(world, "INCER")
    before = await certificates_of(world.env, world.asha, world.asha.person_id)
    assert [source for source, _, _ in before.provenances] == [Source.STORE]
    assert "API_SETU" not in await receipts(world)

    await grant_consent(world.env, world.asha, of(DOCUMENTS, "give"))
    world.apisetu.answer = Unavailable(Source.API_SETU, "timed_out")
    after = await certificates_of(world.env, world.asha, world.asha.person_id)

    assert [source for source, _, _ in after.provenances] == [Source.STORE, Source.API_SETU]
    assert (await receipts(world))["API_SETU"] == ("VIEW", "CERTIFICATE")


async def receipts(world) -> dict[str, tuple[str, str]]:
    async with world.env.store.read_transaction() as tx:
        found = await accesses.of_citizen(tx, world.asha.person_id, 50)
    return {one.source: (one.purpose, one.object_kind) for one in found if one.source}


async def test_a_key_that_comes_back_does_the_step_once(world):
    await hold(world, "INCER")
    first, _ = await grant_consent(world.env, world.asha, of(DOCUMENTS, "give"))
    again, replayed = await grant_consent(world.env, world.asha, of(DOCUMENTS, "give"))

    assert replayed
    assert again == first
    assert await refusal(grant_consent(world.env, world.asha, of(DOCUMENTS, "give", days=3))) is (
        ErrorCode.IDEMPOTENCY_KEY_REUSED
    )


async def test_steps_that_do_not_follow_are_refused(world, asked):
    await hold(world, "INCER")
    for verb in (renew_consent, withdraw_consent):
        assert await refusal(verb(world.env, world.asha, of(DOCUMENTS, "k"))) is ErrorCode.CONSENT_STEP_NOT_ALLOWED
    assert await refusal(grant_consent(world.env, world.asha, of(CARD, "k"))) is ErrorCode.DOCUMENT_UNKNOWN
    for days in (0, 366):
        call = grant_consent(world.env, world.asha, of(DOCUMENTS, "k", days=days))
        assert await refusal(call) is ErrorCode.BAD_INPUT
    await grant_consent(world.env, world.asha, of(DOCUMENTS, "give"))
    for verb, subject in ((grant_consent, world.asha), (ask_consent, asked)):
        assert await refusal(verb(world.env, subject, of(DOCUMENTS, "k"))) is ErrorCode.CONSENT_STEP_NOT_ALLOWED


async def test_a_consent_is_renewed_before_and_after_its_end(world):
    await hold(world, "INCER")
    given, _ = await grant_consent(world.env, world.asha, of(DOCUMENTS, "give", days=10))
    world.clock.advance(timedelta(days=20))

    renewed, _ = await renew_consent(world.env, world.asha, of(DOCUMENTS, "renew", days=10))

    assert renewed.id == given.id
    assert renewed.given_at == given.given_at
    assert renewed.until == world.clock.now() + timedelta(days=10)
    assert await state(world) is ConsentState.GIVEN


async def test_an_operator_asks_only_for_whom_she_serves_and_opens_nothing(world, asked):
    await hold(world, "INCER")
    nobody = Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, world.operator.person_id)
    assert await refusal(ask_consent(world.env, nobody, of(DOCUMENTS, "ask"))) is ErrorCode.NOT_FOUND
    for verb in (grant_consent, renew_consent, withdraw_consent):
        assert await refusal(verb(world.env, asked, of(DOCUMENTS, "k"))) is ErrorCode.NOT_FOUND

    question, _ = await ask_consent(world.env, asked, of(DOCUMENTS, "ask"))

    assert question.status(world.clock.now()) is ConsentStatus.ASKED
    assert question.records[0].actor == asked.label
    assert await state(world) is ConsentState.MISSING
    given, _ = await grant_consent(world.env, world.asha, of(DOCUMENTS, "give"))
    assert (given.id, [one.step for one in given.records]) == (question.id, [ConsentStep.ASK, ConsentStep.GRANT])


async def test_what_was_asked_can_be_declined_by_the_same_step(world, asked):
    await hold(world, "INCER")
    await ask_consent(world.env, asked, of(DOCUMENTS, "ask"))
    declined, _ = await withdraw_consent(world.env, world.asha, of(DOCUMENTS, "no"))
    assert declined.status(world.clock.now()) is ConsentStatus.DECLINED


async def test_nobody_else_gives_or_takes_back_her_consent(world):
    await hold(world, "INCER")
    for subject in (world.tehsildar, world.sunil):
        code = await refusal(grant_consent(world.env, subject, of(DOCUMENTS, "k")))
        # Sunil asks for his own, and there is none.
        assert code in (ErrorCode.NOT_FOUND, ErrorCode.DOCUMENT_UNKNOWN)
    assert await state(world) is ConsentState.MISSING


async def test_the_locker_is_closed_by_withdrawing_and_a_sign_in_does_not_open_it_again(world):
    revoked: list[str] = []

    async def revoke(token: str) -> None:
        revoked.append(token)

    world.locker.revoke = revoke
    await world.link_locker(world.asha)  # linked before there was a ledger
    consent, _ = await withdraw_consent(world.env, world.asha, of(LOCKER, "back"))

    assert consent.status(world.clock.now()) is ConsentStatus.WITHDRAWN
    assert await state(world, LOCKER) is ConsentState.MISSING
    assert revoked == []
    await delivered(world)
    assert revoked == ["access"]
    await signed_in(world)
    assert await state(world, LOCKER) is ConsentState.MISSING
    await grant_consent(world.env, world.asha, of(LOCKER, "give"))
    await signed_in(world)
    assert await state(world, LOCKER) is ConsentState.GIVEN


async def test_what_she_says_at_digilocker_is_recorded_once(world):
    until = world.clock.now() + timedelta(days=90)
    for _ in range(2):
        await signed_in(world, until)
    async with world.env.store.read_transaction() as tx:
        [consent] = await recorded_consents(tx, world.asha.person_id)
    assert (consent.purpose, consent.until, len(consent.records)) == (LOCKER, until, 1)


async def delivered(world) -> list[str]:
    """Carry out what waits in the outbox about lockers, as the worker does; gives the codes of what failed."""
    failed = []
    async with world.env.store.write_transaction() as tx:
        waiting = [one for one in await outbox.claim(tx, "test", 20, 30.0) if one.topic == REVOKE]
    for one in waiting:
        try:
            await revoke_locker(world.env, one.payload["citizen_id"], int(one.payload["version"]))
        except Unavailable as error:
            failed.append(error.code)
            async with world.env.store.write_transaction() as tx:
                await outbox.record_failure(tx, one.id, world.clock.now(), error.code, worker_id="test")
        else:
            async with world.env.store.write_transaction() as tx:
                await outbox.mark_delivered(tx, one.id, world.clock.now())
    return failed


async def test_digilocker_is_told_of_a_withdrawal_again_until_it_answers_and_not_after_a_new_consent(world):
    revoked: list[str] = []

    async def away(token: str) -> None:
        raise Unavailable(Source.DIGILOCKER, "http_503")

    async def revoke(token: str) -> None:
        revoked.append(token)

    world.locker.revoke = away
    await world.link_locker(world.asha)
    await withdraw_consent(world.env, world.asha, of(LOCKER, "back"))
    assert await delivered(world) == ["http_503"]
    world.locker.revoke = revoke
    assert await delivered(world) == []
    world.clock.advance(timedelta(seconds=61))
    assert (await delivered(world), revoked) == ([], ["access"])

    await grant_consent(world.env, world.asha, of(LOCKER, "give"))
    await signed_in(world)
    await withdraw_consent(world.env, world.asha, of(LOCKER, "back again"))
    await grant_consent(world.env, world.asha, of(LOCKER, "give again"))
    await signed_in(world)
    assert (await delivered(world), revoked) == ([], ["access"])


async def test_she_is_told_when_an_operator_asks_for_a_consent(world, asked):
    await hold(world, "INCER")
    await ask_consent(world.env, asked, of(DOCUMENTS, "ask"))

    async with world.env.store.read_transaction() as tx:
        [notice] = await notices.of_citizen(world.asha.person_id).page(tx, limit=5)
    assert (notice.kind, notice.params) == (NoticeKind.CONSENT_ASKED, {"consent_purpose": DOCUMENTS.value})
    assert "सहमति" in notice_text(notice, Language.HI)


async def signed_in(world, until=None) -> None:
    tokens = ProviderTokens("new", "refresh", 3600, "files.issueddocs", until, "locker-1")
    async with world.env.store.write_transaction() as tx:
        await keep_grant(world.env, tx, world.asha.person_id, tokens)
    async with world.env.store.read_transaction() as tx:
        await identities.locker_grant(tx, world.asha.person_id)


@pytest.fixture
async def three_records(world, asked):
    await hold(world, "INCER")
    await ask_consent(world.env, asked, of(DOCUMENTS, "ask"))
    await grant_consent(world.env, world.asha, of(DOCUMENTS, "give"))
    await withdraw_consent(world.env, world.asha, of(DOCUMENTS, "back"))
    assert await wrong(world.env) == []
    return world


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE consent_records SET actor = 'CITIZEN:x' WHERE sequence = 2", {"CONSENT_CHAIN_IS_BROKEN"}),
        (
            "DELETE FROM consent_records WHERE sequence = 2",
            {"CONSENT_CHAIN_IS_BROKEN", "CONSENT_RECORD_IS_MISSING"},
        ),
        ("DELETE FROM consent_records WHERE sequence = 3", {"CONSENT_RECORD_IS_MISSING"}),
        ("DELETE FROM consent_records", {"CONSENT_RECORD_IS_MISSING"}),
    ],
)
async def test_verify_tells_what_was_changed_or_removed(three_records, change, found):
    async with three_records.env.store.write_transaction() as tx:
        await tx.connection.execute(text(change))
    assert {line.split()[0] for line in await wrong(three_records.env)} == found


async def test_verify_tells_an_artefact_that_was_put_in_the_place_of_another(three_records):
    env = three_records.env
    async with env.store.write_transaction() as tx:
        async with env.store.read_transaction() as reading:
            [consent] = await recorded_consents(reading, three_records.asha.person_id)
        record = consent.records[1]
        forged = tx.cipher.encrypt_json({"d": {}}, f"consent_records:artefact:{record.id}")
        column = consent_records_table.c.id
        await tx.connection.execute(update(consent_records_table).where(column == record.id).values(artefact=forged))
    assert await wrong(env) == [f"CONSENT_ARTEFACT_WAS_CHANGED consent_record:{record.id}"]


async def test_records_are_handed_out_with_the_person_and_outlive_her_erasure_without_her_data(three_records):
    world = three_records
    page = await export_part(world.env, world.asha, world.asha.person_id, "consent_records")
    assert [row["step"] for row in page.rows] == ["ASK", "GRANT", "WITHDRAW"]
    assert "9800000001" in str(page.rows[1]["artefact"])

    await erase_person(world.env, world.asha, world.asha.person_id)

    async with world.env.store.read_transaction() as tx:
        [consent] = await recorded_consents(tx, world.asha.person_id)
    assert [record.artefact for record in consent.records] == [{}, {}, {}]
    assert await wrong(world.env) == []


async def test_a_ration_card_is_not_asked_for_without_its_consent(world):
    await hold(world, "RATCR", publisher=RATION_CARD)
    await hold(world, "INCER")
    await grant_consent(world.env, world.asha, of(CARD, "card"))

    assert await state(world, CARD) is ConsentState.GIVEN
    assert await state(world, DOCUMENTS) is ConsentState.MISSING
