"""An attached document of the locker is bound to bytes, hash and the state of its signature."""

import hashlib

import pytest

from actions.documents.attachments import verify_document
from domain.applications.applications import Application, AttachedDocument
from domain.certificates.signatures import SignatureState
from domain.kernel import Source
from integrations.calling.errors import IntegrityFailure, Refused, Unavailable
from store.applications import timeline
from store.platform import outbox
from tests.actions.applications.test_submit import INCOME, PAN, papers
from tests.support.actions import World
from tests.support.papers import INCOME_PAPERS
from tests.support.stored import audit_lines_of


async def submitted(world: World) -> tuple[Application, str]:
    """An application with a document of her locker, and the id of the document that waits to be frozen."""
    await world.link_locker(world.asha)
    world.locker.documents = (PAN,)
    application = await world.submit(world.asha, INCOME, documents=papers(*INCOME_PAPERS))
    async with world.env.store.write_transaction() as tx:
        waiting = await outbox.claim(tx, "test", 10, 60)
    return application, next(m.payload["document_id"] for m in waiting if m.topic == "document.verify")


async def paper_of(world: World, application: Application, document_id: str) -> AttachedDocument:
    async with world.env.store.read_transaction() as tx:
        attached = (await timeline.documents(tx, [application.id]))[application.id]
    return next(paper for paper in attached if paper.id == document_id)


async def last_action(world: World, document_id: str) -> str:
    async with world.env.store.read_transaction() as tx:
        return (await audit_lines_of(tx, "DOCUMENT", document_id))[-1].action


async def test_what_was_attached_stays_when_the_locker_changes(world: World):
    application, document_id = await submitted(world)
    await verify_document(world.env, document_id, application_id=application.id)
    first = world.locker.content
    world.locker.content, world.locker.signature = b"%PDF-1.4 another\n%%EOF", SignatureState.INVALID

    await verify_document(world.env, document_id, application_id=application.id)

    paper = await paper_of(world, application, document_id)
    assert paper.sha256 == hashlib.sha256(first).hexdigest()
    assert (paper.signature, paper.uri, paper.name) == (SignatureState.VERIFIED, PAN.uri, "PAN")
    assert await world.env.objects.get(paper.sha256) == first
    assert await last_action(world, document_id) == "document.frozen"


async def test_while_the_file_cannot_be_had_it_is_asked_for_again(world: World):
    application, document_id = await submitted(world)
    world.locker.failure = Unavailable(Source.DIGILOCKER, "repository_service_unresponsive")

    with pytest.raises(Unavailable):
        await verify_document(world.env, document_id, application_id=application.id)
    assert (await paper_of(world, application, document_id)).sha256 is None

    world.locker.failure = None
    await verify_document(world.env, document_id, application_id=application.id)
    assert (await paper_of(world, application, document_id)).sha256 is not None


@pytest.mark.parametrize(
    "failure", [Refused(Source.DIGILOCKER, "invalid_uri"), IntegrityFailure(Source.DIGILOCKER, "hmac_mismatch")]
)
async def test_what_will_never_be_had_is_told(world: World, failure):
    application, document_id = await submitted(world)
    world.locker.failure = failure

    await verify_document(world.env, document_id, application_id=application.id)

    assert (await paper_of(world, application, document_id)).sha256 is None
    assert await last_action(world, document_id) == "document.not_frozen"


async def test_a_file_that_is_not_what_it_says_is_not_taken(world: World):
    application, document_id = await submitted(world)
    world.locker.content = b"MZ a program"

    await verify_document(world.env, document_id, application_id=application.id)

    assert await last_action(world, document_id) == "document.not_frozen"
