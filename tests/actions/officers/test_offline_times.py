"""Which times of decisions made without a connection end the legal clock, and what follows for appeals."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Verdict
from actions.certificates.issue import issue_certificate
from actions.officers.bulk import ItemOutcome
from actions.officers.dashboards import case_count, case_page
from actions.officers.offline import queue_pack, replay_decisions
from actions.officers.offline_times import Device, OfflineDecision, TimeDoubt, digest_of
from domain.appeals.appeals import AppealState
from domain.appeals.delays import CaseFilter, CaseList
from domain.applications.applications import Application, RejectionGround
from domain.kernel import ErrorCode, TypeCode, ist_date, to_global_id
from domain.officers.desk import Pack, ReadPurpose
from tests.support.actions import FakeRenderer, World
from tests.support.desk import officer_of
from tests.support.law import appealed, appeals_of, authorities, present
from tests.support.refusals import refusal
from tests.support.stored import audit_lines_of

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass
class Phone:
    """An officer's device: its key, how far its clock is ahead, and the last thing that it signed."""

    world: World
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    ahead: timedelta = timedelta(0)
    last: str | None = None

    @property
    def now(self) -> datetime:
        return self.world.clock.now() + self.ahead

    async def takes_pack(self) -> Pack:
        officer = self.world.registrar
        device = Device(json.dumps(self.key.as_dict(private=False)), self.now)
        day = ist_date(self.world.clock.now())
        given = await queue_pack(self.world.env, officer, await officer_of(self.world, officer), day, device)
        return given.pack

    def signs(self, pack: Pack, decision: OfflineDecision, **other: Any) -> OfflineDecision:
        """The decision with what the device signs of it; `other` is signed in place of what was decided."""
        said = {
            "packId": pack.id,
            "applicationId": to_global_id(TypeCode.APPLICATION, decision.application_id),
            "version": decision.version,
            "key": decision.key,
            "verdict": decision.verdict.value,
            "ground": decision.ground.value if decision.ground else None,
            "reason": decision.reason,
            "documents": list(decision.documents),
            "decidedAt": decision.decided_at.isoformat(),
            "previous": pack.id if self.last is None else digest_of(self.last),
        }
        signed = jws.serialize_compact({"alg": "ES256"}, json.dumps(said | other), self.key, algorithms=["ES256"])
        self.last = signed
        return replace(decision, signature=signed)

    async def hands_in(self, pack: Pack, decisions: Sequence[OfflineDecision]) -> list[ItemOutcome]:
        world = self.world
        done = await replay_decisions(world.env, world.registrar, pack.id, decisions, device_at=self.now)
        return [one.outcome for one in done]


def refusing(phone: Phone, case: Application, key: str = "k1") -> OfflineDecision:
    """A refusal on the device, now."""
    ground, reason = RejectionGround.NOT_ELIGIBLE, "Not born here."
    return OfflineDecision(case.id, case.version, key, Verdict.REJECT, phone.now, ground, reason)


async def on_the_last_day(world: World) -> Application:
    """An application of Asha's, an hour and a half before its due instant."""
    case = await world.submit(world.asha)
    assert case.due_at is not None
    world.clock.set(case.due_at - 90 * MINUTE)
    return case


async def doubt_about(world: World, case: Application) -> str | None:
    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "APPLICATION", case.id)
    return next(line.detail["doubt"] for line in lines if line.action == "desk.replay")


async def test_a_refusal_signed_in_time_ends_the_clock_then_and_voids_the_appeal_that_was_filed_since(peopled: World):
    world = peopled
    await authorities(world)
    case = await on_the_last_day(world)
    phone = Phone(world)
    pack = await phone.takes_pack()
    world.clock.advance(HOUR)
    decision = phone.signs(pack, refusing(phone, case))
    world.clock.advance(HOUR)
    assert (await sweep(world.env)).filed == 1
    world.clock.advance(HOUR)
    assert await phone.hands_in(pack, [decision]) == [ItemOutcome.DONE]
    refused = await present(world.env, case.id)
    assert refused.decision is not None
    assert refused.clock_ended_at == refused.decision.signed_at == decision.decided_at
    assert refused.decision.decided_at == world.clock.now()
    assert [one.state for one in await appeals_of(world.env, case.id)] == [AppealState.CLOSED]
    assert await doubt_about(world, case) is None
    world.clock.set(refused.decision.decided_at + timedelta(days=30))
    assert (await appealed(world, case)).late_reason is None


async def test_an_approval_signed_in_time_is_in_time_though_the_certificate_is_made_after_the_sweep(peopled: World):
    world = peopled
    await authorities(world)
    case = await on_the_last_day(world)
    phone = Phone(world)
    pack = await phone.takes_pack()
    decision = OfflineDecision(case.id, case.version, "k1", Verdict.APPROVE, phone.now)
    signed = phone.signs(pack, decision)
    world.clock.advance(2 * HOUR)
    await sweep(world.env)
    await phone.hands_in(pack, [signed])
    await issue_certificate(world.env, case.id, FakeRenderer())
    given = await present(world.env, case.id)
    assert (given.clock_ended_at, given.delivered_at) == (decision.decided_at, world.clock.now())
    assert [one.state for one in await appeals_of(world.env, case.id)] == [AppealState.CLOSED]


async def received_late(world: World, phone: Phone, **other: Any) -> tuple[Application, list[ItemOutcome]]:
    """A refusal of the last day that comes in when the due instant is past."""
    case = await on_the_last_day(world)
    pack = await phone.takes_pack()
    decision = phone.signs(pack, refusing(phone, case), **other)
    world.clock.advance(2 * HOUR)
    return case, await phone.hands_in(pack, [decision])


@pytest.mark.parametrize(
    ("other", "doubt"),
    [
        ({"verdict": "APPROVE"}, TimeDoubt.NOT_SIGNED),
        ({"decidedAt": "2026-01-01T00:00:00+05:30"}, TimeDoubt.NOT_SIGNED),
        ({"decidedAt": "yesterday"}, TimeDoubt.NOT_SIGNED),
        ({"previous": "another"}, TimeDoubt.CHAIN_BROKEN),
    ],
)
async def test_what_was_not_signed_as_it_is_handed_in_counts_when_it_came_in(
    peopled: World, other: dict[str, Any], doubt: TimeDoubt
):
    case, outcomes = await received_late(peopled, Phone(peopled), **other)
    refused = await present(peopled.env, case.id)
    assert outcomes == [ItemOutcome.DONE]
    assert refused.clock_ended_at == peopled.clock.now()
    assert refused.decision is not None
    assert refused.decision.signed_at is None
    assert await doubt_about(peopled, case) == doubt.value


async def doubted(world: World) -> list[str]:
    """The applications that those who supervise the office have to look into."""
    head = (await authorities(world)).bdo
    wanted = (CaseList.TIME_DOUBTED, CaseFilter())
    found = await case_page(world.env, head, *wanted, ReadPurpose.SUPERVISE, limit=9)
    assert (await case_count(world.env, head, *wanted)).many == len(found)
    return [one.application.id for one in found]


async def test_a_decision_whose_time_is_doubted_is_a_case_for_the_head_of_the_office(peopled: World):
    case, _ = await received_late(peopled, Phone(peopled), verdict="APPROVE")
    assert await doubted(peopled) == [case.id]


async def test_a_decision_whose_time_counts_is_no_case(peopled: World):
    await received_late(peopled, Phone(peopled))
    assert await doubted(peopled) == []


async def test_the_time_of_a_device_whose_clock_is_off_does_not_count(peopled: World):
    phone = Phone(peopled, ahead=-6 * MINUTE)
    case = await on_the_last_day(peopled)
    pack = await phone.takes_pack()
    phone.ahead = timedelta(0)
    decision = phone.signs(pack, refusing(phone, case))
    peopled.clock.advance(2 * HOUR)
    await phone.hands_in(pack, [decision])
    assert (await present(peopled.env, case.id)).clock_ended_at == peopled.clock.now()
    assert await doubt_about(peopled, case) == TimeDoubt.DEVICE_CLOCK_OFF.value


async def test_the_time_of_a_pack_without_a_device_does_not_count(peopled: World):
    world = peopled
    case = await on_the_last_day(world)
    officer = await officer_of(world, world.registrar)
    pack = (await queue_pack(world.env, world.registrar, officer, ist_date(world.clock.now()))).pack
    decision = refusing(Phone(world), case)
    world.clock.advance(2 * HOUR)
    await replay_decisions(world.env, world.registrar, pack.id, [decision])
    assert (await present(world.env, case.id)).clock_ended_at == world.clock.now()
    assert await doubt_about(world, case) == TimeDoubt.NO_DEVICE_KEY.value


async def test_a_second_chain_from_the_same_pack_does_not_count(peopled: World):
    world = peopled
    first, second = [
        await world.submit(who, idempotency_key=f"case-{who.person_id}") for who in (world.asha, world.sunil)
    ]
    phone = Phone(world)
    pack = await phone.takes_pack()
    world.clock.advance(HOUR)
    await phone.hands_in(pack, [phone.signs(pack, refusing(phone, first))])
    phone.last = None
    backdated = replace(refusing(phone, second, "k2"), decided_at=world.clock.now() - 30 * MINUTE)
    await phone.hands_in(pack, [phone.signs(pack, backdated)])
    assert await doubt_about(world, second) == TimeDoubt.CHAIN_BROKEN.value


async def test_decisions_handed_in_again_after_a_lost_answer_change_nothing(peopled: World):
    world = peopled
    cases = [await world.submit(who, idempotency_key=f"case-{who.person_id}") for who in (world.asha, world.sunil)]
    phone = Phone(world)
    pack = await phone.takes_pack()
    decisions = [phone.signs(pack, refusing(phone, case, f"k{place}")) for place, case in enumerate(cases)]
    world.clock.advance(HOUR)
    assert await phone.hands_in(pack, decisions[:1]) == [ItemOutcome.DONE]
    assert await phone.hands_in(pack, decisions) == [ItemOutcome.REPLAYED, ItemOutcome.DONE]
    assert await phone.hands_in(pack, decisions) == [ItemOutcome.REPLAYED, ItemOutcome.REPLAYED]
    assert [await doubt_about(world, case) for case in cases] == [None, None]


async def test_a_time_that_runs_back_on_the_device_does_not_count(peopled: World):
    world = peopled
    cases = [await world.submit(who, idempotency_key=f"case-{who.person_id}") for who in (world.asha, world.sunil)]
    phone = Phone(world)
    pack = await phone.takes_pack()
    world.clock.advance(HOUR)
    late = phone.signs(pack, refusing(phone, cases[0]))
    early = replace(refusing(phone, cases[1], "k2"), decided_at=world.clock.now() - 30 * MINUTE)
    await phone.hands_in(pack, [late, phone.signs(pack, early)])
    assert [await doubt_about(world, case) for case in cases] == [None, TimeDoubt.TIME_RUNS_BACK.value]


@pytest.mark.parametrize("minutes", [-1, 61], ids=["before it was taken", "after it was handed in"])
async def test_a_time_outside_those_of_the_pack_does_not_count(peopled: World, minutes: int):
    world = peopled
    case = await world.submit(world.asha)
    phone = Phone(world)
    pack = await phone.takes_pack()
    decision = replace(refusing(phone, case), decided_at=world.clock.now() + minutes * MINUTE)
    world.clock.advance(HOUR)
    await phone.hands_in(pack, [phone.signs(pack, decision)])
    assert (await present(world.env, case.id)).clock_ended_at == world.clock.now()
    assert await doubt_about(world, case) == TimeDoubt.OUTSIDE_THE_PACK.value


@pytest.mark.parametrize("key", ["{}", "no key", '{"kty":"oct","k":"AA"}', "[]", "[" * 3000])
async def test_a_pack_for_a_device_without_a_usable_key_is_refused(peopled: World, key: str):
    world = peopled
    officer = await officer_of(world, world.registrar)
    device = Device(key, world.clock.now())
    wanted = queue_pack(world.env, world.registrar, officer, ist_date(world.clock.now()), device)
    assert await refusal(wanted) is ErrorCode.BAD_INPUT


async def test_a_private_key_is_refused(peopled: World):
    world = peopled
    officer = await officer_of(world, world.registrar)
    device = Device(json.dumps(Phone(world).key.as_dict(private=True)), world.clock.now())
    wanted = queue_pack(world.env, world.registrar, officer, ist_date(world.clock.now()), device)
    assert await refusal(wanted) is ErrorCode.BAD_INPUT
