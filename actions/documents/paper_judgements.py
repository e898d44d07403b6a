"""Judges the signatures in attached PDFs, and whether a locker's document is still as it was attached.

The worker does it, soon after a paper was attached, and again when an officer takes the case (docs/documents.md).
"""

import hashlib
from dataclasses import replace

from actions.catalogue.submit_checks import DocumentSource
from actions.documents import locker
from actions.kernel import Environment, UnitOfWork, leave_receipt, of_citizen
from domain.applications.applications import Application, AttachedDocument
from domain.certificates.signatures import PaperJudgement, PdfSignature, SignatureState, SourceCopy, worst_of
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, Source
from integrations.calling.errors import Refused, RemoteError, Unavailable
from integrations.trust_services import (
    NO_TRUST,
    NOWHERE,
    CertificateUnfit,
    ExaminedSignature,
    Holder,
    TrustServices,
    UnfitReason,
)
from store.applications import applications, timeline
from store.database import Transaction
from store.platform import outbox

JUDGE = "document.judge"
"""The outbox topic of the papers of an application that are to be judged."""

_WITHDRAWN = "invalid_uri"
_SIGNED_BYTES = b"/ByteRange"
"""Every signature in a PDF says so which bytes it covers, never in a packed part (ISO 32000-2, 12.8.1): what is without
needs no process of its own, whose start costs a second of a processor."""
_UNFIT = {UnfitReason.REVOKED: SignatureState.REVOKED, UnfitReason.EXPIRED: SignatureState.CERTIFICATE_ENDED}
_S = SignatureState


async def ask_for_judgement(tx: Transaction, application_id: str, key: str, *, again: bool = False) -> None:
    """Have papers judged, once for the key; `again` also those that were, and have their sources asked anew."""
    await outbox.add(tx, JUDGE, key, {"application_id": application_id, "again": "again" if again else ""})


async def judge_papers(env: Environment, application_id: str, again: str) -> None:
    """Judge the papers of which we hold the bytes; may be run again.

    Raises Unavailable after all of them, where an authority or the locker was away, so that the outbox asks again.
    """
    async with env.store.read_transaction() as tx:
        application = await applications.get(tx, application_id)
        attached = (await timeline.documents(tx, [application_id])).get(application_id, [])
    away: Unavailable | None = None
    judged: dict[str, PaperJudgement] = {}
    for paper in attached:
        settled = paper.judgement is not None and paper.judgement.state is not _S.REVOCATION_UNKNOWN
        if application is None or paper.sha256 is None or (settled and not again):
            continue
        if paper.sha256 not in judged:  # one file may answer for several papers
            try:
                judged[paper.sha256] = await _judgement_of(env, paper.sha256)
            except Unavailable as error:
                away, judged[paper.sha256] = error, await _judgement_of(env, paper.sha256, ask=False)
        before = paper.judgement.at_source if paper.judgement else None
        judgement = replace(judged[paper.sha256], at_source=before)
        if again and paper.source == DocumentSource.DIGILOCKER:
            try:
                judgement = replace(judgement, at_source=await _copy_at_source(env, application, paper))
            except Unavailable as error:
                away = error
        await _keep(env, application, paper, judgement, again=bool(again))
    if away is not None:
        raise away


async def _judgement_of(env: Environment, sha256: str, *, ask: bool = True) -> PaperJudgement:
    """What the kept bytes are worth today. Raises Unavailable where an authority is away that is to be asked."""
    now, content = env.clock.now(), await env.objects.get(sha256)
    if content is None:
        return PaperJudgement(now, _S.NOT_EXAMINED)
    if not content.startswith(b"%PDF-") or _SIGNED_BYTES not in content:
        return PaperJudgement(now, _S.UNSIGNED)
    trust = env.partners.find(TrustServices)
    found = await env.signatures_in(content, trust.settings if trust else NO_TRUST, now)
    if found is None:
        return PaperJudgement(now, _S.NOT_EXAMINED)
    signatures = [await _with_revocation(env, trust if ask else None, one) for one in found]
    return PaperJudgement(now, worst_of(signatures), tuple(signatures))


async def _with_revocation(env: Environment, trust: TrustServices | None, one: ExaminedSignature) -> PdfSignature:
    if one.told.state is not _S.VERIFIED:
        return one.told
    if trust is None:
        return replace(one.told, state=_S.REVOCATION_UNKNOWN)
    try:
        await trust.check(one.certificate, env.clock.now(), Holder.SIGNER)
    except CertificateUnfit as unfit:
        return replace(one.told, state=_UNFIT.get(unfit.reason, _S.UNKNOWN_SIGNER))
    except Unavailable as error:
        if error.code != NOWHERE:
            raise
        return replace(one.told, state=_S.REVOCATION_UNKNOWN)
    except RemoteError:
        return replace(one.told, state=_S.REVOCATION_UNKNOWN)
    return one.told


async def _copy_at_source(env: Environment, application: Application, paper: AttachedDocument) -> SourceCopy | None:
    """What the locker gives today; None where it may not be asked any more. Raises Unavailable."""
    client = env.partners.digilocker
    try:
        fetched = await locker.ask(env, application.citizen_id, lambda grant: client.file(grant, paper.uri))
    except Unavailable:
        raise
    except Refused as refusal:
        return SourceCopy.WITHDRAWN if refusal.code == _WITHDRAWN else None
    except RemoteError:
        return None
    same = hashlib.sha256(fetched.content).hexdigest() == paper.sha256
    return SourceCopy.SAME if same else SourceCopy.CHANGED


async def _keep(
    env: Environment, application: Application, paper: AttachedDocument, judgement: PaperJudgement, *, again: bool
) -> None:
    asked = again and paper.source == DocumentSource.DIGILOCKER

    async def work(tx: Transaction) -> None:
        acting = UnitOfWork(env, tx, SYSTEM)
        if not await timeline.judge_document(tx, paper, judgement):
            return
        detail = {"signature": judgement.state.value}
        if judgement.at_source is not None:
            detail["at_source"] = judgement.at_source.value
        await acting.record("document.judged", ObjectKind.DOCUMENT, paper.id, Purpose.DECIDE, **detail)
        if asked:
            locker_of = of_citizen(application.citizen_id, ObjectKind.DOCUMENT)
            await leave_receipt(acting, locker_of, Purpose.DECIDE, Source.DIGILOCKER)

    await env.store.carry_out(work)
