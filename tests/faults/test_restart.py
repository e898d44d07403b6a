"""A sandbox that starts again knows its tokens, keys, documents, orders and ledger."""

from datetime import date
from pathlib import Path

import pytest

from integrations.dbt_finance import InstructionOutcome, Payee, PaymentInstruction
from tests.faults.adapters import DepartmentCertificateCall, LockerList, comparable
from tests.faults.benefits import Instruct
from tests.faults.cells import bounded
from tests.faults.kinds import kinds
from tests.faults.matrix import chosen
from tests.faults.site import open_site

PULLED = "in.gov.uk.apunisarkar-INCER-22612345678902"


@pytest.mark.integration
async def test_a_locker_keeps_tokens_documents_and_ledger(tmp_path: Path):
    async with open_site(tmp_path, "digilocker") as site:
        asked = LockerList(site)
        grant = await asked.grant(0)
        document = {"name": "Income Certificate", "doctype": "INCER", "issuer": "Apuni Sarkar"}
        document |= {"issuer_id": "in.gov.uk.apunisarkar", "doc_id": "22612345678902", "uri": PULLED}
        document |= {"issued_on": "2026-11-24", "media_types": ["application/pdf"]}
        site.city.sandboxes["digilocker"].state.put("document", f"{grant.locker_id}/{PULLED}", document)
        async with asked.line() as line:
            before = comparable(await asked.ask(asked.client(line), 0))
        seen, keys = await site.ledger(), site.onboarding

    async with open_site(tmp_path, "digilocker") as again:
        asked = LockerList(again)
        async with asked.line() as line:
            after = comparable(await asked.client(line).issued_documents(grant))
        assert after == before
        assert PULLED in {each.uri for each in after}
        assert again.onboarding == keys
        assert (await again.ledger())[: len(seen)] == seen
        assert len(await again.ledger()) == len(seen) + 2


@pytest.mark.integration
async def test_the_treasury_still_knows_a_bill(tmp_path: Path):
    payee = Payee("E1", "Kamla Bisht", "50100012345600", "SBIN0000630", 150_000)
    order = PaymentInstruction("B1", date(2026, 11, 24), "uk-widow-pension", "Pension", (payee,))
    outcomes = []
    for _ in range(2):
        async with open_site(tmp_path, "dbt_finance") as site:
            asked = Instruct(site)
            async with asked.line() as line:
                outcomes.append((await asked.client(line).instruct(order)).outcome)
    assert outcomes == [InstructionOutcome.ACCEPTED, InstructionOutcome.ALREADY_KNOWN]


@pytest.mark.integration
async def test_a_publisher_signs_with_the_same_key(tmp_path: Path):
    answers, keys = [], []
    for _ in range(2):
        async with open_site(tmp_path, "apisetu") as site:
            asked = DepartmentCertificateCall(site)
            async with asked.line() as line:
                answers.append(comparable(await asked.ask(asked.client(line), 0)))
            keys.append(site.onboarding)
    assert answers[0] == answers[1]
    assert keys[0] == keys[1]


def test_the_bounded_half_has_every_adapter_every_fault_and_always_the_other_citizens_record():
    full, half = chosen("full"), chosen("ci")
    cells = sum(map(len, full.values()))
    assert 0.4 * cells <= sum(map(len, half.values())) <= 0.6 * cells
    assert all(half.values())
    names = {kind.name for chosen_kinds in half.values() for kind in chosen_kinds}
    assert names == {kind.name for chosen_kinds in full.values() for kind in chosen_kinds}
    foreign = next(kind for kind in kinds() if kind.name == "another citizen's record")
    assert bounded(0, 1, foreign)
