"""PDFs that were attached are judged by their signatures; the authority and the token are asked over their wires."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from actions.catalogue.submit_checks import DocumentSource, NewDocument
from actions.documents.paper_judgements import judge_papers
from actions.kernel import Environment
from actions.officers.claim import ClaimCase, claim_application
from actions.uploads.uploads import take_in
from domain.applications.applications import Application, AttachedDocument
from domain.certificates.signatures import PaperJudgement, SignatureState, SourceCopy
from domain.kernel import Source
from integrations.calling.errors import Refused, Unavailable
from integrations.calling.remote import Remote
from integrations.trust_services import ExaminedSignature, TrustServices, TrustSettings
from store.applications import timeline
from store.identity import accesses
from tests.actions.applications.test_submit import INCOME, PAN, papers
from tests.support.actions import World
from tests.support.papers import INCOME_PAPERS
from tests.support.remotes import remote_over
from tests.support.signed_papers import altered_paper, by, plain_paper, sign_paper
from tests.support.signing import Signing, signing_in
from tests.support.stored import audit_lines_of

STATES = SignatureState


async def signed(signing: Signing, name: str = "Tehsildar", flaw: str = "", pdf: bytes = b"") -> bytes:
    """A paper that a token of the authority has signed."""
    token = signing.insert(name, flaw)
    return await sign_paper(pdf or plain_paper(), token, by(signing.sandbox, token))


async def submitted(signing: Signing, content: bytes = b"") -> Application:
    """An application with an upload of its applicant, a signed one where none is given."""
    world = signing.world
    upload = await take_in(world.env, world.asha, content or await signed(signing))
    documents = tuple(NewDocument(key, upload.sha256, DocumentSource.UPLOAD.value) for key in INCOME_PAPERS)
    return await world.submit(world.asha, INCOME, documents=documents)


async def attached(signing: Signing, content: bytes) -> Application:
    """The same, which the worker has judged."""
    application = await submitted(signing, content)
    await signing.work()
    return application


async def paper_of(signing: Signing, application: Application) -> AttachedDocument:
    found = await signing.world.env.store.read(lambda tx: timeline.documents(tx, [application.id]))
    return found[application.id][0]


async def judgement_of(signing: Signing, application: Application) -> PaperJudgement:
    judgement = (await paper_of(signing, application)).judgement
    assert judgement is not None
    return judgement


async def judged(signing: Signing, content: bytes) -> PaperJudgement:
    return await judgement_of(signing, await attached(signing, content))


@pytest.fixture
async def signing(world: World, tmp_path: Path) -> Signing:
    return await signing_in(world, tmp_path)


async def test_a_paper_that_is_whole_and_of_a_known_signer_is_told_with_her_name(signing: Signing):
    found = await judged(signing, await signed(signing, "Tehsildar Vikasnagar"))

    [one] = found.signatures
    assert (found.state, one.state) == (STATES.VERIFIED, STATES.VERIFIED)
    assert (one.signer, one.issuer) == ("Tehsildar Vikasnagar", "Sandbox licensed authority")
    assert one.signed_at is not None


@pytest.mark.parametrize(
    ("flaw", "state"),
    [
        ("expired", STATES.CERTIFICATE_ENDED),
        ("other_authority", STATES.UNKNOWN_SIGNER),
        ("encryption_only", STATES.UNKNOWN_SIGNER),
    ],
)
async def test_a_signature_is_worth_what_its_certificate_is(signing: Signing, flaw: str, state: SignatureState):
    found = await judged(signing, await signed(signing, flaw=flaw))

    assert [one.state for one in found.signatures] == [state]


async def test_a_certificate_that_its_authority_revoked_is_told(signing: Signing):
    token = signing.insert("Tehsildar")
    content = await sign_paper(plain_paper(), token, by(signing.sandbox, token))
    signing.revoke(token)

    found = await judged(signing, content)

    assert (found.state, found.signatures[0].signer) == (STATES.REVOKED, "Tehsildar")


async def test_a_signer_below_no_root_that_is_pinned_is_unknown_though_the_certificate_has_ended(
    signing: Signing, world: World, tmp_path: Path
):
    stranger = await signing_in(world, tmp_path / "another authority")

    found = await judged(signing, await signed(stranger, flaw="expired"))

    assert found.state is STATES.UNKNOWN_SIGNER


async def test_a_paper_whose_text_was_changed_after_it_was_signed_is_told(signing: Signing):
    found = await judged(signing, altered_paper(await signed(signing)))

    assert (found.state, found.signatures[0].signer) == (STATES.INVALID, "Tehsildar")


async def test_a_flipped_byte_of_what_was_signed_is_told(signing: Signing):
    content = (await signed(signing)).replace(b"Income: 48000", b"Income: 98000")

    assert (await judged(signing, content)).state is STATES.INVALID


async def test_of_two_signatures_each_is_told_and_the_worst_counts(signing: Signing):
    first = await signed(signing, "Patwari")
    late = signing.insert("Tehsildar", "expired")
    both = await sign_paper(first, late, by(signing.sandbox, late), "Second")

    found = await judged(signing, both)

    assert [(one.signer, one.state) for one in found.signatures] == [
        ("Patwari", STATES.VERIFIED),
        ("Tehsildar", STATES.CERTIFICATE_ENDED),
    ]
    assert found.state is STATES.CERTIFICATE_ENDED


async def test_a_text_that_was_changed_before_the_second_signature_breaks_the_first(signing: Signing):
    second = signing.insert("Tehsildar")
    both = await sign_paper(
        altered_paper(await signed(signing, "Patwari")), second, by(signing.sandbox, second), "Second"
    )

    found = await judged(signing, both)

    assert [one.state for one in found.signatures] == [STATES.INVALID, STATES.VERIFIED]
    assert found.state is STATES.INVALID


async def test_a_paper_without_a_signature_is_told(signing: Signing):
    found = await judged(signing, plain_paper())

    assert (found.state, found.signatures) == (STATES.UNSIGNED, ())


@pytest.mark.parametrize("is_signed", [True, False])
async def test_one_file_for_several_papers_is_examined_once_and_one_without_a_signature_never(
    signing: Signing, is_signed: bool
):
    env, examined = signing.world.env, []
    content = await signed(signing) if is_signed else plain_paper()

    async def signatures_in(given: bytes, settings: TrustSettings, now: datetime) -> list[ExaminedSignature] | None:
        examined.append(given)
        return await env.signatures_in(given, settings, now)

    application = await submitted(signing, content)
    await judge_papers(replace(env, signatures_in=signatures_in), application.id, "")

    assert len(INCOME_PAPERS) > 1
    assert examined == ([content] if is_signed else [])


async def test_where_ocsp_tells_nothing_the_list_of_the_authority_decides(signing: Signing):
    content = await signed(signing)
    signing.sandbox.actions["trouble"]({"trouble": "unknown"})

    assert (await judged(signing, content)).state is STATES.VERIFIED


async def unavailable(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=503)(scope, receive, send)


def with_trust(signing: Signing, hosts: Mapping[str, Remote]) -> Environment:
    """The environment with other ways to the authorities."""
    trust, env = TrustServices(signing.trust.settings, hosts, None), signing.world.env
    return replace(env, partners=replace(env.partners, others={"trust_services": trust}))


async def test_while_the_authority_is_away_the_signer_is_told_and_it_is_asked_again(signing: Signing):
    application = await submitted(signing)
    hosts = signing.trust.settings.hosts
    away = with_trust(signing, {host: remote_over(unavailable, Source.TRUST_SERVICES, host) for host in hosts})

    with pytest.raises(Unavailable):
        await judge_papers(away, application.id, "")
    [one] = (await judgement_of(signing, application)).signatures
    assert (one.state, one.signer) == (STATES.REVOCATION_UNKNOWN, "Tehsildar")

    await judge_papers(signing.world.env, application.id, "")
    assert (await judgement_of(signing, application)).state is STATES.VERIFIED


async def test_a_certificate_that_names_no_address_of_the_settings_is_not_asked_about_for_ever(signing: Signing):
    application = await submitted(signing)
    nowhere = with_trust(signing, {})

    await judge_papers(nowhere, application.id, "")

    assert (await judgement_of(signing, application)).state is STATES.REVOCATION_UNKNOWN


async def test_without_a_connected_authority_no_signer_is_known(signing: Signing):
    application, env = await submitted(signing), signing.world.env
    alone = replace(env, partners=replace(env.partners, others={}))

    await judge_papers(alone, application.id, "")

    assert (await judgement_of(signing, application)).state is STATES.UNKNOWN_SIGNER


async def in_locker(signing: Signing) -> Application:
    """An application with a document of the applicant's locker, which was frozen and judged."""
    world = signing.world
    await world.link_locker(world.asha)
    world.locker.documents, world.locker.content = (PAN,), await signed(signing)
    application = await world.submit(world.asha, INCOME, documents=papers(*INCOME_PAPERS))
    await signing.work()
    return application


async def test_a_lockers_document_is_judged_when_its_bytes_are_kept(signing: Signing):
    found = await judgement_of(signing, await in_locker(signing))

    assert (found.state, found.at_source) == (STATES.VERIFIED, None)


@pytest.mark.parametrize(
    ("now", "told"),
    [(None, SourceCopy.SAME), (plain_paper("Income: 980000"), SourceCopy.CHANGED)],
    ids=["same", "changed"],
)
async def test_who_takes_the_case_is_told_whether_the_locker_gives_another_document_today(
    signing: Signing, now: bytes | None, told: SourceCopy
):
    application, world = await in_locker(signing), signing.world
    world.locker.content = now or world.locker.content
    world.clock.advance(timedelta(hours=1))

    await claim_application(world.env, world.tehsildar, ClaimCase(application.id, "claim"))
    await signing.work()

    found = await judgement_of(signing, application)
    assert (found.at_source, found.state) == (told, STATES.VERIFIED)
    async with world.env.store.read_transaction() as tx:
        paper = await paper_of(signing, application)
        assert (await audit_lines_of(tx, "DOCUMENT", paper.id))[-1].detail["at_source"] == told.value
        [receipt] = (await accesses.of_citizen(tx, application.citizen_id, 100))[:1]
    assert (receipt.source, receipt.purpose) == ("DIGILOCKER", "DECIDE")


async def test_a_document_that_its_issuer_took_back_is_told(signing: Signing):
    application, world = await in_locker(signing), signing.world
    world.locker.failure = Refused(Source.DIGILOCKER, "invalid_uri")

    await judge_papers(world.env, application.id, "again")

    assert (await judgement_of(signing, application)).at_source is SourceCopy.WITHDRAWN


async def test_while_the_locker_is_away_what_was_known_stays_and_it_is_asked_again(signing: Signing):
    application, world = await in_locker(signing), signing.world
    world.locker.failure = Unavailable(Source.DIGILOCKER, "timeout")

    with pytest.raises(Unavailable):
        await judge_papers(world.env, application.id, "again")

    found = await judgement_of(signing, application)
    assert (found.state, found.at_source) == (STATES.VERIFIED, None)
