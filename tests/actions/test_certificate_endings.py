"""Correcting and revoking: a new document with its own number, the old one leading to it, lockers that follow."""

from dataclasses import dataclass, field, replace

import pytest

from actions.aliases import certificate_by_any
from actions.certificate_endings import (
    CORRECT,
    CorrectCertificate,
    EndCertificate,
    correct_certificate,
    end_of,
    make_corrected,
    revoke_certificate,
)
from actions.consents import ChangeConsent, grant_consent, withdraw_consent
from actions.issue import issue_certificate
from actions.locker_push import PUSH, send_to_locker
from domain.certificates import CertificateStatus, EndGround
from domain.consents import ConsentPurpose
from domain.errors import ErrorCode, Problems
from domain.lifecycle import Move
from domain.sources import Source
from integrations.digilocker import URI_UNKNOWN, PushAction, PushedUri
from integrations.errors import IntegrationError, Refused, Unavailable
from store import applications, audit, certificate_endings, certificates, locker_copies, outbox
from store.outbox import OutboxState
from tests.support.actions import FREE, FakeRenderer, World

FORM = {"father_name": "Bachan Singh", "child_name": "Annya Negi"}
WRONG = EndGround.CLERICAL_ERROR


@dataclass
class Pushes:
    """The locker's side: what came, or what is raised."""

    came: list[PushedUri] = field(default_factory=list)
    failure: IntegrationError | None = None

    async def push(self, pushed: PushedUri) -> None:
        if self.failure:
            raise self.failure
        self.came.append(pushed)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(pushed.action.value, pushed.uri) for pushed in self.came]


@pytest.fixture
def pushes(world: World) -> Pushes:
    world.locker.pushing = made = Pushes()
    return made


async def consent(world: World) -> None:
    await world.link_locker(world.asha)
    await grant_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "yes"))


async def issued(world: World):
    application = await world.approved(world.asha, FREE, world.registrar, form=FORM)
    certificate = await issue_certificate(world.env, application.id, FakeRenderer())
    assert certificate is not None
    return certificate


async def waiting(world: World, topic: str = PUSH) -> list:
    async with world.env.store.reading() as tx:
        return [one for one in await outbox.listing(tx, OutboxState.PENDING, 100) if one.topic == topic]


async def run_pushes(world: World) -> None:
    for message in await waiting(world):
        await send_to_locker(world.env, message.payload["certificate_id"], PushAction(message.payload["action"]))
        async with world.env.store.writing() as tx:
            await outbox.delivered(tx, message.id, world.clock.now())


def correction(certificate, **changes) -> CorrectCertificate:
    plain = CorrectCertificate(
        certificate.id, WRONG, "The name was misspelt", "c-1", facts={"child_name": "Ananya Negi"}
    )
    return replace(plain, **changes)


async def test_a_corrected_certificate_is_a_new_one_in_the_place_of_the_old(world: World):
    old = await issued(world)
    application, _ = await correct_certificate(world.env, world.registrar, correction(old))

    async with world.env.store.reading() as tx:
        assert (await certificates.many(tx, [old.id]))[old.id].status is CertificateStatus.CORRECTED
        assert await certificates.of_applications(tx, [application.id]) == {}
    renderer = FakeRenderer()
    new = await make_corrected(world.env, old.id, renderer)
    assert await make_corrected(world.env, old.id, renderer) == new

    content = renderer.rendered[0]
    assert len(renderer.rendered) == 1
    assert (new.number != old.number, new.uri != old.uri) == (True, True)
    assert (content.previous_number, content.officer.en) == (old.number, "registrar")
    assert [(line.key, line.value) for line in content.fields] == [("child_name", "Ananya Negi")]
    async with world.env.store.reading() as tx:
        stands = (await certificates.of_applications(tx, [application.id]))[application.id]
        ending = await certificate_endings.one(tx, old.id)
        steps = (await applications.timelines(tx, [application.id]))[application.id]
        lines = await audit.lines_of(tx, "CERTIFICATE", old.id)
        assert await certificate_endings.latest(tx, old) == old  # as read before it was ended
        assert (await certificates.by_uri(tx, old.uri)) is not None
    assert stands == new
    assert ending is not None
    assert (ending.ground, ending.reason, ending.successor_id) == (WRONG, "The name was misspelt", new.id)
    assert (steps[-1].move, steps[-1].note, steps[-1].before) == (
        Move.CORRECT_CERTIFICATE,
        "The name was misspelt",
        steps[-1].after,
    )
    assert [line.action for line in lines] == ["certificate.corrected_by_officer"]


async def test_every_uri_and_number_leads_to_what_became_of_it(world: World):
    first = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(first))
    before_it_is_made = await certificate_by_any(world.env, first.number)
    assert before_it_is_made is not None
    told = await end_of(world.env, before_it_is_made)
    assert told is not None
    assert told.successor is None
    second = await make_corrected(world.env, first.id, FakeRenderer())
    again = correction(second, idempotency_key="c-2", facts={"father_name": "Bachan S. Negi"})
    await correct_certificate(world.env, world.registrar, again)
    third = await make_corrected(world.env, second.id, FakeRenderer())

    for name in (first.number, first.uri, second.uri):
        found = await certificate_by_any(world.env, name)
        assert found is not None
        ended = await end_of(world.env, found)
        assert ended is not None
        assert ended.successor == third.number
    await revoke_certificate(
        world.env, world.registrar, EndCertificate(third.id, EndGround.FORGED_PAPERS, "Forged", "r")
    )
    last = await certificate_by_any(world.env, third.uri)
    assert last is not None
    assert last.status is CertificateStatus.REVOKED
    told = await end_of(world.env, last)
    assert told is not None
    assert told.successor is None


async def test_the_same_key_ends_it_once_and_another_one_is_refused(world: World):
    old = await issued(world)
    first = await correct_certificate(world.env, world.registrar, correction(old))
    again = await correct_certificate(world.env, world.registrar, correction(old))
    assert (first[1], again[1], first[0].version) == (False, True, again[0].version)
    with pytest.raises(Problems) as caught:
        await revoke_certificate(world.env, world.registrar, EndCertificate(old.id, WRONG, "Wrong", "another"))
    assert caught.value.code is ErrorCode.TRANSITION_NOT_ALLOWED
    assert len(await waiting(world, CORRECT)) == 1


@pytest.mark.parametrize("who", ["asha", "sunil", "operator", "elsewhere", "tehsildar"])
async def test_only_the_officer_of_the_place_ends_a_certificate(world: World, who: str):
    old = await issued(world)
    for verb, request in (
        (correct_certificate, correction(old)),
        (revoke_certificate, EndCertificate(old.id, WRONG, "Wrong", "r")),
    ):
        with pytest.raises(Problems) as caught:
            await verb(world.env, getattr(world, who), request)
        assert caught.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "  "}, ErrorCode.REASON_REQUIRED),
        ({"facts": {"anything": "x"}}, ErrorCode.BAD_INPUT),
        ({"facts": {"child_name": "x" * 501}}, ErrorCode.BAD_INPUT),
        ({"expected_version": 1}, ErrorCode.CONFLICT),
        ({"certificate_id": "absent"}, ErrorCode.NOT_FOUND),
    ],
)
async def test_a_correction_that_cannot_be_done_changes_nothing(world: World, changes, code):
    old = await issued(world)
    with pytest.raises(Problems) as caught:
        await correct_certificate(world.env, world.registrar, correction(old, **changes))
    assert caught.value.code is code
    async with world.env.store.reading() as tx:
        assert (await certificates.many(tx, [old.id]))[old.id].status is CertificateStatus.ACTIVE


async def test_a_certificate_goes_to_the_locker_only_where_consent_is_on_record(world: World, pushes: Pushes):
    await world.link_locker(world.asha)
    await issued(world)
    assert await waiting(world) == []


async def test_an_issued_certificate_is_put_into_the_locker(world: World, pushes: Pushes):
    await consent(world)
    certificate = await issued(world)
    await run_pushes(world)
    await run_pushes(world)

    (pushed,) = pushes.came
    assert (pushed.action, pushed.uri, pushed.locker_id) == (PushAction.ADD, certificate.uri, "locker-1")
    assert pushed.pdf == f"%PDF {certificate.number}".encode()
    async with world.env.store.reading() as tx:
        assert (await locker_copies.held(tx, [certificate.id]))[certificate.id].via is locker_copies.Via.PUSH
        actions = [line.action for line in await audit.lines_of(tx, "CERTIFICATE", certificate.id)]
    assert actions == ["locker.push_add"]


async def test_consent_withdrawn_before_the_push_stops_it(world: World, pushes: Pushes):
    await consent(world)
    await issued(world)
    await withdraw_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "no"))
    await run_pushes(world)
    assert pushes.came == []


async def test_a_correction_updates_and_a_revocation_deletes_what_the_locker_holds(world: World, pushes: Pushes):
    await consent(world)
    old = await issued(world)
    await run_pushes(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    new = await make_corrected(world.env, old.id, FakeRenderer())
    # Consent that has ended does not leave a wrong paper in the locker.
    await withdraw_consent(world.env, world.asha, ChangeConsent(ConsentPurpose.ISSUE_TO_LOCKER, "no"))
    await run_pushes(world)
    await revoke_certificate(world.env, world.registrar, EndCertificate(new.id, WRONG, "Wrong", "r"))
    await run_pushes(world)

    assert pushes.told == [("A", old.uri), ("U", old.uri), ("D", old.uri)]
    assert pushes.came[1].pdf == f"%PDF {new.number}".encode()
    assert pushes.came[2].pdf is None
    async with world.env.store.reading() as tx:
        assert await locker_copies.held(tx, [old.id]) == {}


async def test_an_entry_that_the_citizen_deleted_is_put_there_by_its_new_uri(world: World, pushes: Pushes):
    await consent(world)
    old = await issued(world)
    await run_pushes(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    new = await make_corrected(world.env, old.id, FakeRenderer())
    pushes.failure = Refused(Source.DIGILOCKER, URI_UNKNOWN)
    await run_pushes(world)
    pushes.failure = None
    await run_pushes(world)
    assert pushes.told == [("A", old.uri), ("A", new.uri)]


async def test_a_lost_answer_hides_no_copy(world: World, pushes: Pushes):
    await consent(world)
    certificate = await issued(world)
    pushes.failure = Unavailable(Source.DIGILOCKER, "timeout")
    with pytest.raises(Unavailable):
        await run_pushes(world)
    await revoke_certificate(world.env, world.registrar, EndCertificate(certificate.id, WRONG, "Wrong", "r"))
    pushes.failure = None
    await run_pushes(world)
    assert pushes.told == [("D", certificate.uri)]
