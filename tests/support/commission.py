"""The Commission in one process: its sandbox, our client towards it, and our door at which it tells us."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from actions.appeals.commission_hook import CommissionHearings
from actions.appeals.legal_sweep import sweep
from actions.kernel import Environment
from domain.appeals.appeals import Appeal, AppealLevel, AwardKind
from domain.feedback.notices import NoticeKind
from domain.kernel import Clock, Source
from gateway.http.public_keys import public_key_routes
from gateway.worker.topics import HANDLERS
from integrations.right_to_service import RightToService, RightToServiceSettings, commission_routes
from sandbox.city.kit import Sandbox
from sandbox.right_to_service.server import create_sandbox
from store.appeals import appeal_course, appeals, commission
from store.feedback import notices
from store.platform import outbox
from tests.support.actions import World
from tests.support.fees import sandbox
from tests.support.law import appeals_of, authorities, overdue
from tests.support.remotes import remote_over


class Switchable:
    """An application that is put in its place later."""

    def __init__(self) -> None:
        self.app: ASGIApp = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@dataclass
class Court:
    """The Commission beside a world: `env` is the world's with its system connected."""

    env: Environment
    sandbox: Sandbox
    settings: RightToServiceSettings
    door: ASGIApp

    async def act(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Let the Commission do something; its view of the answer."""
        return await self.sandbox.act(action, arguments)

    async def tell(self, case: str, kind: str, **more: Any) -> dict[str, Any]:
        """Let it tell something of a case; what it was answered."""
        given = {name: more.pop(name) for name in ("at", "event_id", "send") if name in more}
        return await self.act("tell", case=case, type=kind, payload=more, **given)

    def cases(self) -> list[dict[str, Any]]:
        """Every case that it has."""
        return list(self.sandbox.state.values_of("case").values())

    def effects(self) -> list[str]:
        """What each request to it led to."""
        return [str(entry["effect"]) for entry in self.sandbox.ledger.entries()]


@contextmanager
def a_court(env: Environment, folder: Path) -> Iterator[Court]:
    """Connect an environment with a Commission of its own."""
    later = Switchable()
    create = partial(create_sandbox, transport=httpx.ASGITransport(app=later))
    made, given = sandbox(create, env.clock, folder, "right_to_service")
    settings = RightToServiceSettings.from_onboarding(given, times=1000)
    client = client_of(made.app, settings, env.clock)
    connected = replace(env, partners=replace(env.partners, commission=client))
    later.app = Starlette(
        routes=[
            *commission_routes(CommissionHearings(connected), settings, env.clock),
            *public_key_routes(connected),
        ]
    )
    try:
        yield Court(connected, made, settings, later)
    finally:
        made.close()


def client_of(app: Any, settings: RightToServiceSettings, clock: Clock) -> RightToService:
    """Our client over an application or a transport."""
    return RightToService(remote_over(app, Source.RIGHT_TO_SERVICE, clock=clock), settings, clock)


async def at_commission(world: World, court: Court) -> Appeal:
    """An appeal of a breached application that went up by itself until it reached the Commission."""
    connected = replace(world, env=court.env)
    application = await overdue(connected)
    await sweep(court.env)
    for _ in range(2):
        latest = (await appeals_of(court.env, application.id))[-1]
        assert latest.next_at is not None
        world.clock.set(latest.next_at)
        await sweep(court.env)
    appeal = (await appeals_of(court.env, application.id))[-1]
    assert appeal.level is AppealLevel.COMMISSION
    return appeal


async def post(court: Court, *, noting: bool = True) -> int:
    """Bring what waits for the Commission there, as the worker does; without `noting` as one that dies after it."""
    done = 0
    while True:
        async with court.env.store.write_transaction() as tx:
            messages = await outbox.claim(tx, "test", 50, 30.0 if noting else -1.0)
        ours = [message for message in messages if message.topic.startswith("commission.")]
        for message in ours:
            await HANDLERS[message.topic](court.env, message.payload)
            done += 1
        if noting:
            async with court.env.store.write_transaction() as tx:
                for message in messages:
                    await outbox.mark_delivered(tx, message.id, court.env.clock.now())
        if not messages or not noting:
            return done


async def case_of(court: Court, appeal_id: str) -> Any:
    """The case of an appeal."""
    async with court.env.store.read_transaction() as tx:
        return (await commission.cases(tx, [appeal_id]))[appeal_id]


async def appeal_now(court: Court, appeal_id: str) -> Any:
    """An appeal as it now is."""
    async with court.env.store.read_transaction() as tx:
        return (await appeals.by_ids(tx, [appeal_id]))[appeal_id]


async def hearings_of(court: Court, appeal_id: str) -> list[Any]:
    """Its hearings by date."""
    async with court.env.store.read_transaction() as tx:
        return (await appeal_course.hearings(tx, [appeal_id])).get(appeal_id, [])


async def awards_of(court: Court, appeal_id: str) -> dict[AwardKind, Any]:
    """What its order imposed, by kind."""
    async with court.env.store.read_transaction() as tx:
        return {one.kind: one for one in (await appeal_course.awards(tx, [appeal_id])).get(appeal_id, [])}


async def filed(world: World, court: Court) -> tuple[Any, str]:
    """An appeal that the Commission has, and the Commission's number."""
    await authorities(world)
    appeal = await at_commission(world, court)
    await post(court)
    [case] = court.cases()
    return appeal, case["appealNo"]


async def told_to(court: Court, world: World) -> list[NoticeKind]:
    async with court.env.store.read_transaction() as tx:
        found = await notices.of_citizen(world.asha.person_id or "").page(tx, limit=100)
    return [one.kind for one in found]
