"""Facts about a citizen from verified documents, for pre-filling a form, each with document and signature.

Only documents of the citizen herself count: the holder that the document names must be her, by the rule of
actions/documents/holder_match.py. A certificate of her late husband in her locker states nothing about her.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from actions.certificates.certificates import CertificatesView, CertificateView, Provenance, certificates_of
from actions.documents import locker
from actions.documents.holder_match import is_holder
from actions.documents.own_signature import own_signature
from actions.kernel import Environment
from domain.certificates.certificates import ENDED
from domain.certificates.signatures import SignatureState
from domain.documents.documents import KINDS, DocumentKind, kind_of
from domain.identity.facts import FactKey, FactSource, VerifiedFact, best_first
from domain.kernel import Citizen, Language, LinkedAccount, Provider, Source, Subject
from domain.kernel.messages import label
from integrations.calling import safe_xml
from integrations.calling.errors import RemoteError
from integrations.certificate_facts import StatedFacts, facts_of, read_facts
from store.database import Transaction
from store.identity import identities, people

ACCOUNT = "ACCOUNT"
"""Stands for a type of document where an account is meant."""

_SAME_SIGN_IN = timedelta(seconds=5)
"""Record and account are made in one transaction, a moment apart."""

MOST_FETCHED = 12
"""Documents of the locker that are fetched for one question; the latest first."""

_XML = "application/xml"
_OF_PERSON = frozenset(
    {FactKey.NAME, FactKey.DATE_OF_BIRTH, FactKey.GENDER, FactKey.FATHER_NAME, FactKey.MOTHER_NAME}
    | {FactKey.HUSBAND_NAME, FactKey.ADDRESS, FactKey.VILLAGE, FactKey.DISTRICT, FactKey.PIN_CODE}
)
"""Any document may state these about its holder."""

_STATED_BY = {
    DocumentKind.INCOME: frozenset({FactKey.ANNUAL_INCOME, FactKey.FINANCIAL_YEAR}),
    DocumentKind.CASTE: frozenset({FactKey.CASTE, FactKey.CASTE_CATEGORY, FactKey.SUB_CASTE}),
    DocumentKind.DOMICILE: frozenset({FactKey.RESIDENT_SINCE}),
    DocumentKind.DRIVING_LICENCE: frozenset({FactKey.LICENCE_NUMBER}),
    DocumentKind.CLASS_X: frozenset({FactKey.EXAM_YEAR, FactKey.EXAM_RESULT, FactKey.EXAM_PERCENTAGE}),
    DocumentKind.CLASS_XII: frozenset({FactKey.EXAM_YEAR, FactKey.EXAM_RESULT, FactKey.EXAM_PERCENTAGE}),
}


@dataclass(frozen=True, slots=True)
class VerifiedFacts:
    """What documents state, the best first. `complete` is False where a document or source was unavailable."""

    facts: tuple[VerifiedFact, ...]
    failures: tuple[RemoteError, ...]
    provenances: tuple[Provenance, ...]
    complete: bool

    def best(self, key: FactKey) -> VerifiedFact | None:
        """The fact of the best document, or None."""
        return next((fact for fact in self.facts if fact.key is key), None)


@dataclass(frozen=True, slots=True)
class _DocumentFacts:
    """One document's own words with what its signature is worth, or why it could not be read."""

    view: CertificateView
    statement: StatedFacts | None
    signature: SignatureState
    fetched_at: datetime
    failure: RemoteError | None = None


async def verified_facts(
    env: Environment, subject: Subject, citizen_id: str, *, wanted: frozenset[FactKey] | None = None
) -> VerifiedFacts:
    """The facts that her documents state: ours, her locker's, those of departments; and her account, after them.

    Receipts and access are those of `certificates_of`: raises NOT_FOUND where the subject may not see them. A source
    that is down, or that her consent does not open, is among the failures. `wanted` limits what is fetched.
    """
    listed = await certificates_of(env, subject, citizen_id)
    async with env.store.read_transaction() as tx:
        citizen = (await people.citizens(tx, [citizen_id])).get(citizen_id)
        by_account = await account_facts(tx, citizen, wanted) if citizen is not None else ()
    if citizen is None:
        return VerifiedFacts((), (), (), complete=True)
    told = await asyncio.gather(*(work() for work in _readers(env, citizen_id, listed, wanted)))
    facts = [fact for each in told if each.failure is None for fact in _facts_of(each, citizen)]
    kept = [fact for fact in facts if wanted is None or fact.key in wanted]
    failures = (*listed.failures, *_each_once(each.failure for each in told if each.failure is not None))
    complete = listed.complete and all(each.failure is None for each in told)
    return VerifiedFacts(best_first([*kept, *by_account]), failures, listed.provenances, complete)


def _readers(
    env: Environment, citizen_id: str, listed: CertificatesView, wanted: frozenset[FactKey] | None
) -> list[Callable[[], Awaitable[_DocumentFacts]]]:
    """One reader for each document that can state something wanted; of the locker's the latest only."""
    useful = [view for view in listed.nodes if _useful(view, wanted)]
    in_locker = [view for view in useful if view.origin is Source.DIGILOCKER and _XML in view.media_types]
    latest = sorted(in_locker, key=lambda view: view.issued_on or date.min, reverse=True)[:MOST_FETCHED]
    ours = [view for view in useful if view.issued is not None and view.issued.status not in ENDED]
    held = [view for view in useful if view.answer is not None]
    return [
        *(partial(_of_ours, env, view) for view in ours),
        *(partial(_of_locker, env, citizen_id, view) for view in latest),
        *(partial(_of_department, view) for view in held),
    ]


def _useful(view: CertificateView, wanted: frozenset[FactKey] | None) -> bool:
    if wanted is None or wanted & _OF_PERSON:
        return view.doctype.upper() in KINDS
    return bool(wanted & _STATED_BY.get(kind_of(view.doctype), frozenset()))


async def _of_ours(env: Environment, view: CertificateView) -> _DocumentFacts:
    now = env.clock.now()
    content = await env.objects.get(view.issued.xml_sha256) if view.issued else None
    if content is None:
        return _DocumentFacts(view, None, SignatureState.NOT_EXAMINED, now)
    found = own_signature(env.keyrings, content, now)
    return _DocumentFacts(view, facts_of(found.part) if found.part is not None else None, found.state, now)


async def _of_locker(env: Environment, citizen_id: str, view: CertificateView) -> _DocumentFacts:
    now = env.clock.now()
    try:
        file, found = await locker.examine_certificate(env, citizen_id, view.uri or "")
    except RemoteError as error:
        return _DocumentFacts(view, None, SignatureState.NOT_EXAMINED, now, error)
    if found.part is not None:
        return _DocumentFacts(view, facts_of(found.part), found.state, file.fetched_at)
    return _DocumentFacts(view, _read(file.content), found.state, file.fetched_at)


async def _of_department(view: CertificateView) -> _DocumentFacts:
    answer = view.answer.certificate if view.answer else None
    if answer is None:
        raise AssertionError("only answers with a certificate are shown")
    found = answer.value
    state = SignatureState.VERIFIED if found.signature_verified else SignatureState.NOT_EXAMINED
    told = StatedFacts(
        doctype=found.doctype,
        name=found.name,
        number=found.number,
        issuer=found.issuer,
        issued_on=found.issued_on,
        holder=found.holder,
        born_on=found.born_on,
        facts=found.facts,
    )
    return _DocumentFacts(view, told, state, answer.as_of)


def _read(content: bytes) -> StatedFacts | None:
    try:
        return read_facts(content)
    except safe_xml.UnsafeXml:
        return None


def _facts_of(document: _DocumentFacts, citizen: Citizen) -> list[VerifiedFact]:
    if document.statement is None or not of_holder(document.statement, citizen):
        return []
    view = document.view
    source = FactSource(
        origin=view.origin,
        doctype=view.doctype,
        name=view.name.en or document.statement.name,
        issuer=view.issuer,
        uri=view.uri,
        number=view.number or document.statement.number,
        issued_on=view.issued_on or document.statement.issued_on,
        fetched_at=document.fetched_at,
        signature=document.signature,
    )
    return [VerifiedFact(key, value, source) for key, value in document.statement.facts.items()]


def of_holder(found: StatedFacts, citizen: Citizen) -> bool:
    """Whether the document is hers: by name, and by date of birth where both are known."""
    names = tuple(name for name in (citizen.name.hi, citizen.name.en) if name)
    return is_holder(found.holder, found.born_on, names, citizen.born_on)


def _each_once(failures: Iterable[RemoteError]) -> list[RemoteError]:
    return list({(failure.source, failure.code): failure for failure in failures}.values())


async def account_facts(
    tx: Transaction, citizen: Citizen, wanted: frozenset[FactKey] | None
) -> tuple[VerifiedFact, ...]:
    """What the account by which the record was made states: name and date of birth; none where another hand made it.

    Only MeriPehchaan vouches for both, and only a record that its sign-in made holds what it said: one that was
    entered at a centre, and claimed later, holds what others said.
    """
    held = (await identities.linked_accounts(tx, [citizen.id])).get(citizen.id, [])
    account = next((one for one in held if _is_creating_account(citizen, one)), None)
    if account is None:
        return ()
    stated = {FactKey.NAME: citizen.name.en, FactKey.DATE_OF_BIRTH: citizen.born_on and citizen.born_on.isoformat()}
    source = _source(account)
    return tuple(
        VerifiedFact(key, value, source) for key, value in stated.items() if value and (wanted is None or key in wanted)
    )


def _is_creating_account(citizen: Citizen, account: LinkedAccount) -> bool:
    by_provider = account.provider is Provider.MERI_PEHCHAAN
    return by_provider and abs(account.linked_at - citizen.created_at) < _SAME_SIGN_IN


def _source(account: LinkedAccount) -> FactSource:
    """The account as a source: its day is that of the sign-in; it bears no signature that could be examined later."""
    name = label(f"provider.{account.provider.value}", Language.EN)
    return FactSource(
        origin=Source.SSO,
        doctype=ACCOUNT,
        name=name,
        issuer=name,
        uri=None,
        number=None,
        issued_on=None,
        fetched_at=account.linked_at,
        signature=SignatureState.NOT_EXAMINED,
    )
