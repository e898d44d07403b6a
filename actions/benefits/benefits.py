"""Reads a citizen's benefits: our sanctions, with the status of each payment at DBT finance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from actions.benefits.asked_bills import bills_to_ask
from actions.certificates.certificates import MOST, Provenance
from actions.kernel import Environment, of_citizen, read_at_sources
from actions.reconciliation.expected_files import bank_days_beside
from domain.benefits.benefits import RETURN_WINDOW, Instalment, PaymentStatus, Rail, Sanction, may_follow
from domain.catalogue.catalogue import Scheme
from domain.identity.policy import ObjectKind
from domain.kernel import Source, Sourced, SourceState, Subject, ist_date
from domain.reconciliation.reconciliation import IN_FLIGHT, SENT
from integrations.calling.errors import RemoteError
from integrations.dbt_finance import BillReference, PaymentState
from store.benefits import benefits, payment_enquiries
from store.benefits.payment_enquiries import LastHeard
from store.catalogue import catalogue
from store.payments import payment_files

MOST_ASKED = 2
"""About how many payments the treasury is asked while a citizen waits for the answer, each by one call.

The worker asks about all of them each hour; of the others our store tells.
"""


@dataclass(frozen=True, slots=True)
class InstalmentView:
    """One payment: what our store knows, and what DBT finance says now, or None where it did not answer."""

    instalment: Instalment
    state: PaymentState | None
    heard_at: datetime | None = None
    """When DBT finance said so."""


@dataclass(frozen=True, slots=True)
class BenefitView:
    """One sanction with its scheme and payments."""

    sanction: Sanction
    scheme: Scheme | None
    instalments: tuple[InstalmentView, ...]


@dataclass(frozen=True, slots=True)
class BenefitsView:
    """All benefits. `complete` is False where the payments' status could not be read, with the reason in `failure`."""

    nodes: tuple[BenefitView, ...]
    complete: bool
    provenances: tuple[Provenance, ...]
    failure: RemoteError | None


async def benefits_of(env: Environment, subject: Subject, citizen_id: str) -> BenefitsView:
    """The sanctions of a citizen with their payments; leaves a receipt where DBT finance is asked.

    Raises NOT_FOUND where the subject may not see them; a dead source never raises.
    """
    sanctions, made, schemes, bills, apart = await _load_benefits(env, citizen_id)
    asked = [Source.DBT_FINANCE] if bills else []
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.BENEFIT), asked)
    heard, failure = await _fetch_payment_states(env, citizen_id, bills)
    states, heard_at = (heard.value, heard.as_of) if heard else ({}, None)
    nodes = tuple(
        BenefitView(sanction, schemes.get(sanction.scheme_code), _views(made.get(sanction.id, ()), states, heard_at))
        for sanction in sanctions
    )
    complete = failure is None and len(nodes) <= MOST
    return BenefitsView(nodes[:MOST], complete, (*_provenances(env, heard, failure), *apart), failure)


def _asked_first(one: Instalment) -> tuple[bool, date, int]:
    """By what the payments are chosen that the treasury is asked about: those on their way, and of them the newest."""
    return one.status is not PaymentStatus.CREDITED, one.period_from, one.sequence


def _is_to_be_asked(one: Instalment, last: LastHeard | None, now: datetime) -> bool:
    """Whether the treasury may have news of it: of what is settled nobody is asked.

    A credit is asked about for a return alone, which needs what an enquiry of the worker gave.
    """
    if one.status is PaymentStatus.CREDITED and not (last and last.reached):
        return False
    return _may_change(one, now)


def _provenance_of_settled(settled: Sequence[Instalment], last: Mapping[str, LastHeard]) -> Sequence[Provenance]:
    """How fresh the treasury's word is on what it is not asked about: as of when it last told of one of them."""
    if not settled:
        return ()
    as_of = max(last[one.id].asked_at if one.id in last else one.status_at for one in settled)
    return ((Source.DBT_FINANCE, SourceState.CACHED, as_of),)


async def _load_benefits(
    env: Environment, citizen_id: str
) -> tuple[list[Sanction], dict[str, list[Instalment]], dict[str, Scheme], list[BillReference], Sequence[Provenance]]:
    """Also the bills that the treasury is asked about, and how fresh our own word is on all that it is not."""
    async with env.store.read_transaction() as tx:
        sanctions = await benefits.sanctions_of_citizen(tx, citizen_id)
        made = await benefits.instalments(tx, [sanction.id for sanction in sanctions])
        schemes = await catalogue.schemes(tx, [sanction.scheme_code for sanction in sanctions])
        told = [one for several in made.values() for one in several if one.rail is Rail.PFMS and one.status in SENT]
        heard_at = await payment_files.last_heard(tx) if told else None
        sent = [one for several in made.values() for one in several if one.rail is Rail.IFMS and one.status in SENT]
        last = await payment_enquiries.last_heard(tx, [one.id for one in sent])
        moving = [one for one in sent if _is_to_be_asked(one, last.get(one.id), env.clock.now())]
        asked = sorted(moving, key=_asked_first, reverse=True)[:MOST_ASKED]
        bills = await bills_to_ask(tx, asked)
    settled = _provenance_of_settled([one for one in sent if one.id not in bills], last)
    return sanctions, made, schemes, list(bills.values()), (*settled, *provenance_by_files(env, told, heard_at))


def provenance_by_files(
    env: Environment, instalments: Sequence[Instalment], heard_at: datetime | None
) -> Sequence[Provenance]:
    """How fresh the word of PFMS is, which is never asked for an answer: as of its last file that was applied.

    Stale where something may still change and a whole day with banks passed without a file: by then a statement is due.
    """
    if not instalments:
        return ()
    now = env.clock.now()
    as_of = heard_at or max(one.status_at for one in instalments)
    moving = any(_may_change(one, now) for one in instalments)
    behind = bank_days_beside(env, ist_date(as_of))[1] < ist_date(now)
    return ((Source.PFMS, SourceState.STALE if moving and behind else SourceState.CACHED, as_of),)


def _may_change(one: Instalment, now: datetime) -> bool:
    """Whether a payment's status may still change: it is on its way, or may still be returned."""
    if one.status is PaymentStatus.CREDITED:
        return now - one.status_at <= RETURN_WINDOW
    return one.status in IN_FLIGHT


async def _fetch_payment_states(
    env: Environment, citizen_id: str, bills: Sequence[BillReference]
) -> tuple[Sourced[Mapping[str, PaymentState]] | None, RemoteError | None]:
    if not bills:
        return None, None
    try:
        return await env.partners.dbt.payment_statuses(citizen_id, bills), None
    except RemoteError as error:
        return None, error


def _views(
    made: Sequence[Instalment], states: Mapping[str, PaymentState], heard_at: datetime | None
) -> tuple[InstalmentView, ...]:
    return tuple(InstalmentView(one, _newer(one, states.get(one.end_to_end_id)), heard_at) for one in made)


def _newer(one: Instalment, state: PaymentState | None) -> PaymentState | None:
    """What the treasury said, unless our store has heard more since: its answer may be a copy."""
    if state is None or state.status is one.status:
        return state
    return state if may_follow(one.status, state.status, since=one.status_at, at=state.at, rail=one.rail) else None


def _provenances(
    env: Environment, heard: Sourced[Mapping[str, PaymentState]] | None, failure: RemoteError | None
) -> tuple[Provenance, ...]:
    ours: Provenance = (Source.STORE, SourceState.LIVE, env.clock.now())
    if heard is not None:
        return ours, (Source.DBT_FINANCE, heard.state, heard.as_of)
    return (ours, (Source.DBT_FINANCE, SourceState.DOWN, None)) if failure is not None else (ours,)
