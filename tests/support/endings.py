"""Certificates that are issued, corrected and put into lockers in a world of tests/support/actions.py."""

from dataclasses import dataclass, field, replace
from typing import Any

from actions.certificates.certificate_endings import CorrectCertificate
from actions.certificates.issue import issue_certificate
from actions.consents.consents import ChangeConsent, grant_consent
from actions.documents.locker_push import PUSH, send_to_locker
from domain.certificates.certificates import EndGround, IssuedCertificate
from domain.consents.consents import ConsentPurpose
from integrations.calling.errors import RemoteError
from integrations.digilocker import PushAction, PushedUri
from store.platform import outbox
from store.platform.outbox import OutboxMessage, OutboxState
from tests.support.actions import FREE, FakeRenderer, World
from tests.support.stored import outbox_listing

FORM = {"father_name": "Bachan Singh", "child_name": "Annya Negi"}
WRONG = EndGround.CLERICAL_ERROR


@dataclass
class Pushes:
    """The locker's side: what came, or what is raised."""

    came: list[PushedUri] = field(default_factory=list)
    failure: RemoteError | None = None

    async def push(self, pushed: PushedUri) -> None:
        if self.failure:
            raise self.failure
        self.came.append(pushed)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(pushed.action.value, pushed.uri) for pushed in self.came]


async def consent(world: World) -> None:
    await world.link_locker(world.asha)
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "yes"))


async def issued(world: World) -> IssuedCertificate:
    application = await world.approved(world.asha, FREE, world.registrar, form=FORM)
    certificate = await issue_certificate(world.env, application.id, FakeRenderer())
    assert certificate is not None
    return certificate


async def waiting(world: World, topic: str = PUSH) -> list[OutboxMessage]:
    async with world.env.store.read_transaction() as tx:
        return [one for one in await outbox_listing(tx, OutboxState.PENDING, 100) if one.topic == topic]


async def run_pushes(world: World) -> None:
    for message in await waiting(world):
        await send_to_locker(world.env, message.payload["certificate_id"], PushAction(message.payload["action"]))
        async with world.env.store.write_transaction() as tx:
            await outbox.mark_delivered(tx, message.id, world.clock.now())


def correction(certificate: IssuedCertificate, **changes: Any) -> CorrectCertificate:
    plain = CorrectCertificate(
        certificate.id, WRONG, "The name was misspelt", "c-1", facts={"child_name": "Ananya Negi"}
    )
    return replace(plain, **changes)
