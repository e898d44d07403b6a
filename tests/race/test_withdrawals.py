"""A consent withdrawn in one process, seen from another: the next read is refused, the answer under way dropped,
what was kept purged, in memory and in Valkey (docs/reliability.md section 3; R6).
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from actions.consents.consents import ChangeConsent, grant_consent, withdraw_consent
from actions.consents.watch import LOOK_SECONDS, ConsentWatch
from actions.documents.department_documents import RATION_CARD
from actions.kernel import Environment
from actions.umang.ration import ration_card_of
from domain.consents.consents import ConsentPurpose
from domain.documents.documents import CARD_NUMBER
from domain.kernel import Bilingual, Language, SourceState, Subject
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.errors import Refused
from integrations.umang import Member, RationCard
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from tests.support.loads import ANY, KEPT, Partner, landed
from tests.support.twins import Twins

CARD = ConsentPurpose.RATION_CARD


@dataclass
class Process:
    """One process: its environment, with a cache of its own or a share in Valkey, and UMANG behind it."""

    env: Environment
    kept: AnswerCache
    umang: Partner
    watch: ConsentWatch

    async def read(self, asha: Subject) -> Any:
        return await ration_card_of(self.env, asha, asha.person_id or "", Language.EN)


def process(env: Environment, url: str | None) -> Process:
    kept, partner = AnswerCache(open_cache(url), env.clock), Partner()

    async def ration_card(citizen_id: str, number: str, language: Language) -> Any:
        told = await kept.get(KEPT, (citizen_id, number, language.value), partner.load, ANY)
        return replace(told, value=RationCard(number, told.value, "DEHRADUN", None, (Member("Asha Negi", "Self"),)))

    umang: Any = SimpleNamespace(ration_card=ration_card)
    env = replace(env, partners=replace(env.partners, umang=umang, forget_citizen=kept.forget_citizen))
    return Process(env, kept, partner, ConsentWatch(env))


@pytest.fixture
async def two(twins: Twins, cache_url: str | None) -> AsyncIterator[tuple[Process, Process]]:
    """Two processes on one store, with one Valkey or each with its memory. Asha has consented to her ration card."""
    here, there = process(twins.one, cache_url), process(twins.other, cache_url)
    document = DepartmentDocument(
        "card", twins.world.asha.person_id or "", RATION_CARD, "RATCR", Bilingual(None, "Ration Card"),
        {CARD_NUMBER: "0512345678"}, {}, twins.world.clock.now(),
    )  # fmt: skip
    async with twins.one.store.write_transaction() as tx:
        await department_documents.add(tx, document)
    await grant_consent(here.env, twins.world.asha, ChangeConsent(CARD, "give"))
    yield here, there
    await here.kept.close()
    await there.kept.close()


async def refused(process: Process, asha: Subject) -> bool:
    with pytest.raises(Refused) as refusal:
        await process.read(asha)
    return refusal.value.code == "consent_needed"


async def test_the_next_read_of_every_process_is_refused_and_nobody_is_asked(two, twins):
    (here, there), asha = two, twins.world.asha
    assert (await there.read(asha)).state is SourceState.LIVE
    asked = here.umang.calls + there.umang.calls

    await withdraw_consent(here.env, asha, ChangeConsent(CARD, "back"))

    assert await refused(here, asha)
    assert await refused(there, asha)
    assert here.umang.calls + there.umang.calls == asked


async def test_an_answer_under_way_in_another_process_is_dropped_and_not_kept(two, twins):
    (here, there), asha = two, twins.world.asha
    there.umang.gate.clear()
    reading = asyncio.create_task(there.read(asha))
    while not there.umang.calls:
        await asyncio.sleep(0)

    await withdraw_consent(here.env, asha, ChangeConsent(CARD, "back"))
    there.umang.gate.set()

    with pytest.raises(Refused):
        await reading
    await landed(there.kept)
    await grant_consent(here.env, asha, ChangeConsent(CARD, "again"))
    assert (await there.read(asha)).state is SourceState.LIVE


async def test_what_was_kept_is_gone_everywhere_within_one_look(two, twins):
    """Given again, nothing that was had under the old consent is served."""
    (here, there), asha = two, twins.world.asha
    for one in (here, there):
        await one.read(asha)
        assert (await one.read(asha)).state is SourceState.CACHED

    await withdraw_consent(here.env, asha, ChangeConsent(CARD, "back"))
    await there.watch.look()
    await grant_consent(here.env, asha, ChangeConsent(CARD, "again"))

    for one in (here, there):
        one.umang.value = "new"
    assert [(await one.read(asha)).value.scheme for one in (here, there)] == ["new", "new"]
    assert LOOK_SECONDS < 5


async def test_each_process_obeys_a_withdrawal_once_and_again_where_its_cache_was_away(two, twins):
    (here, there), asha = two, twins.world.asha
    await withdraw_consent(here.env, asha, ChangeConsent(CARD, "back"))
    told: list[str] = []
    answers = [False, True]

    async def forget(citizen_id: str) -> bool:
        told.append(citizen_id)
        return answers.pop(0)

    watch = ConsentWatch(replace(there.env, partners=replace(there.env.partners, forget_citizen=forget)))
    assert [await watch.look() for _ in range(4)] == [0, 1, 0, 0]
    assert told == [asha.person_id] * 2
    twins.world.clock.advance(timedelta(minutes=5))
    assert await watch.look() == 0


async def test_two_processes_that_write_at_once_make_one_chain(two, twins):
    (here, there), asha = two, twins.world.asha
    done = await asyncio.gather(
        withdraw_consent(here.env, asha, ChangeConsent(CARD, "a")),
        withdraw_consent(there.env, asha, ChangeConsent(CARD, "b")),
        return_exceptions=True,
    )
    assert len([one for one in done if isinstance(one, tuple)]) == 1
