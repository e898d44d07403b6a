"""A consent that is withdrawn while the partner answers: the answer is dropped, and what was kept with it (5.4, R6)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from actions.documents.department_documents import CONSENT_NEEDED, department_certificates_of
from domain.kernel import Bilingual, Source, Sourced, SourceState
from integrations.calling.errors import Refused
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument, department_documents_table
from store.identity import identities
from tests.support.locker import locker_documents
from tests.support.twins import Twins


class Slow:
    """A partner that answers only when it is let: `asked` is set when the question has arrived."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked, self.let = answer, asyncio.Event(), asyncio.Event()

    async def __call__(self, *_: Any, **__: Any) -> Any:
        self.asked.set()
        await self.let.wait()
        return self.answer


@pytest.fixture
def forgotten(twins: Twins) -> list[str]:
    """The citizens about whom everything kept was dropped."""
    names: list[str] = []

    async def forget(citizen_id: str) -> bool:
        names.append(citizen_id)
        return True

    twins.world.env = replace(twins.one, partners=replace(twins.one.partners, forget_citizen=forget))
    return names


async def test_an_answer_of_the_locker_is_dropped_where_consent_was_withdrawn_meanwhile(twins, forgotten, monkeypatch):
    world, asha = twins.world, twins.world.asha
    await world.link_locker(asha)
    slow = Slow(Sourced((), Source.DIGILOCKER, SourceState.LIVE, world.clock.now()))
    monkeypatch.setattr(world.locker, "issued_documents", slow)
    asking = asyncio.create_task(locker_documents(twins.one, asha, asha.person_id))
    await slow.asked.wait()
    async with twins.other.store.write_transaction() as tx:  # in another process
        held = await identities.locker_grant(tx, asha.person_id)
        await identities.mark_needs_consent(tx, asha.person_id, held.version)
    slow.let.set()

    with pytest.raises(Refused) as refused:
        await asking
    assert refused.value.code == CONSENT_NEEDED
    assert forgotten == [asha.person_id]


async def test_only_the_document_whose_consent_was_withdrawn_is_dropped(twins, forgotten, monkeypatch):
    world, asha = twins.world, twins.world.asha
    until = world.clock.now() + timedelta(days=30)
    documents = [
        DepartmentDocument(f"d{number}", asha.person_id, "transport", doctype, Bilingual(None, doctype), {}, {}, until)
        for number, doctype in enumerate(("DRVLC", "RVCER"))
    ]
    async with twins.one.store.write_transaction() as tx:
        for document in documents:
            await department_documents.add(tx, document)
    answer = object()
    slow = Slow(answer)
    monkeypatch.setattr(world.apisetu, "certificate", slow)
    asking = asyncio.create_task(department_certificates_of(twins.one, asha, asha.person_id))
    await slow.asked.wait()
    async with twins.other.store.write_transaction() as tx:
        await tx.connection.execute(delete(department_documents_table).where(department_documents_table.c.id == "d0"))
    slow.let.set()

    dropped, told = await asking
    assert dropped.certificate is None
    assert isinstance(dropped.failure, Refused)
    assert dropped.failure.code == CONSENT_NEEDED
    assert told.certificate is answer
    assert forgotten == [asha.person_id]


async def test_where_nothing_was_withdrawn_nothing_is_dropped(twins, forgotten):
    world, asha = twins.world, twins.world.asha
    await world.link_locker(asha)
    assert (await locker_documents(twins.one, asha, asha.person_id)).value == ()
    assert forgotten == []
