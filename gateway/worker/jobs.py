"""The table of the worker's jobs and their intervals."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from functools import partial

import structlog

from actions.appeals.commission_reports import commission_round
from actions.applications.renewal_reminders import remind_of_renewals
from actions.benefits.budget import settle_budgets
from actions.benefits.instalments import release_due
from actions.benefits.life_certificates import remind_of_certificates
from actions.catalogue.definition_drafts import publish_due
from actions.connectors.watching import ask_about_cases
from actions.consents.retention import delete_old_consents
from actions.conversations.inbox import forget_notices, work_inbox
from actions.conversations.lines import send_lines
from actions.doorstep.rounds import announce_deliveries, close_missed
from actions.etaal.checks import compare_nightly
from actions.etaal.etaal_rounds import close_due, plan_pushes
from actions.feedback.channels import connected_channels
from actions.feedback.grievances import escalate_overdue
from actions.feedback.message_outcomes import look_after_messages
from actions.feedback.message_planning import pass_on_unconnected, plan_due
from actions.feedback.message_sending import ReadValues, send_due
from actions.feedback.tracking import forget_tries
from actions.feedback.whatsapp_checks import check_whatsapp
from actions.fees.fee_enquiries import ask_due
from actions.fees.scrolls import compare_due as compare_scrolls
from actions.fees.scrolls import compare_wallet
from actions.identity.contact_lookup import index_contacts
from actions.identity.paper_checks import draw_papers
from actions.identity.record_joining import join_due
from actions.kernel import Environment
from actions.officers.batches import apply_confirmed_batches
from actions.platform.audit_head import publish_head
from actions.platform.incidents import forget_old_days
from actions.privacy.files_at_rest import encrypt_clear_files
from actions.rosters.adding import forget_unfiled
from actions.statistics.upkeep import count_once, go_on_if_stalled
from actions.umang.umang_compare import compare_due
from actions.uploads.uploads import sweep_partial, sweep_quarantine, sweep_unused
from domain.kernel import ist_date
from domain.platform.incidents import SHOWN_DAYS
from domain.platform.registered_apps import REQUEST_DAYS
from gateway.settings.settings import Retention
from gateway.worker import event_rounds, finance_clock, legal_clock, recovered_systems
from gateway.worker.deliveries import Deliveries
from gateway.worker.event_rounds import EventRounds
from gateway.worker.finance_clock import FinanceClock
from gateway.worker.legal_clock import LegalClock
from gateway.worker.payment_rounds import PaymentRounds
from gateway.worker.recovered_systems import RecoveredSystems
from gateway.worker.runner import Job
from integrations.calling.breakers import Breakers
from store import umang
from store.connectors import cases
from store.database import Store, Transaction, audit, change_feed, idempotency
from store.etaal import ledger_seal
from store.feedback import conversations
from store.identity import accesses, account_links, sent_codes, session_tokens, sessions, sign_ins
from store.platform import event_receivers, manifests, registered_apps
from store.statistics import figures

POLL_SECONDS = 0.2
SEAL_SECONDS = 1.0
MESSAGE_SECONDS = 1.0
FEE_SECONDS = 5.0
"""How often a worker looks which orders are to be asked about: one read, and nearly always in vain."""

UPKEEP_SECONDS = 60.0
NOTICE_DAYS = 90
"""For so long the ids of systems' notices are kept: longer than a case is followed."""
AT_ONCE = 4
"""So many jobs of upkeep at most are at work at once: a long one delays no other, and the store has capacity."""

log = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[object]]


def service_jobs(
    environment: Environment,
    deliveries: Deliveries,
    stopping: asyncio.Event,
    after_sweep: Callable[[], object],
    payment_seconds: float,
    breakers: Breakers,
    read_values: ReadValues,
) -> tuple[Job, ...]:
    """What must not wait behind anything else. `after_sweep` is called after each round of the legal clock."""
    recovered = RecoveredSystems(environment, breakers)
    legal, finance = LegalClock(environment, after_sweep), FinanceClock(environment, stopping)
    events = EventRounds(environment, stopping)
    return (
        Job("deliver_outbox", POLL_SECONDS, deliveries.deliver_due, deliveries.finish),
        *_message_jobs(environment, read_values, stopping),
        Job("work_whatsapp_inbox", MESSAGE_SECONDS, partial(work_inbox, environment)),
        Job("send_conversation_lines", MESSAGE_SECONDS, partial(send_lines, environment)),
        Job("bring_messages_forward", recovered_systems.LOOK_SECONDS, recovered.look),
        Job("tell_events", event_rounds.LOOK_SECONDS, events.look, events.finish),
        Job("seal_ledger", SEAL_SECONDS, partial(ledger_seal.seal, environment.store)),
        Job("ask_about_fees", FEE_SECONDS, partial(ask_due, environment)),
        Job("ask_departments", FEE_SECONDS, partial(ask_about_cases, environment)),
        Job("legal_clock", legal_clock.RENEW_SECONDS, legal.tick, legal.resign, legal),
        Job("finance_clock", finance_clock.LOOK_SECONDS, finance.tick, finance.resign, finance),
        Job("payment_files", payment_seconds, PaymentRounds(environment, stopping).run),
    )


def _message_jobs(environment: Environment, read_values: ReadValues, stopping: asyncio.Event) -> list[Job]:
    """One that plans, and one for each channel, so that one whose provider is silent delays no other."""
    send = [
        Job(f"send_{each.value.lower()}", MESSAGE_SECONDS, partial(send_due, environment, read_values, each, stopping))
        for each in sorted(connected_channels(environment))
    ]
    return [Job("plan_messages", MESSAGE_SECONDS, partial(plan_due, environment)), *send]


def upkeep_jobs(environment: Environment, kept: Retention, stopping: asyncio.Event | None = None) -> tuple[Job, ...]:
    """What is looked at once a minute; `kept` says how long what is forgotten was kept. May be done twice at once."""
    store = environment.store
    work: Mapping[str, Work] = {
        "fold_figures": partial(_in_batches, store, figures.fold, figures.FOLD_BATCH),
        "count_figures": _run_once(partial(_count_figures, store)),
        "resume_figures": partial(go_on_if_stalled, store),
        "seal_audit_log": partial(audit.seal, store),
        "index_contacts": _run_once(partial(_index_contacts, environment)),
        "encrypt_clear_files": _run_once(partial(_encrypt_clear_files, environment)),
        **_retention_jobs(environment, kept),
        "pass_on_unconnected": _run_once(partial(pass_on_unconnected, environment)),
        "look_after_messages": partial(look_after_messages, environment, stopping),
        "escalate_grievances": partial(escalate_overdue, environment),
        "close_missed_visits": partial(close_missed, environment),
        "sweep_unused_uploads": partial(sweep_unused, environment),
        "sweep_partial_uploads": partial(sweep_partial, environment),
        "sweep_quarantine": partial(sweep_quarantine, environment),
        "release_instalments": partial(release_due, environment),
        "remind_of_life_certificates": partial(remind_of_certificates, environment),
        "settle_budgets": partial(settle_budgets, environment),
        "publish_definitions": partial(publish_due, environment),
        "join_records": partial(join_due, environment),
        "report_to_commission": partial(commission_round, environment),
        "close_counts": partial(_close_counts, environment),
        "plan_count_pushes": partial(plan_pushes, environment),
        "reconcile_fees": partial(reconcile_fees, environment),
        "compare_umang": partial(compare_due, environment),
        "publish_audit_head": partial(publish_head, environment),
        "apply_staff_batches": partial(apply_confirmed_batches, environment),
        "announce_deliveries": _daily(environment, partial(announce_deliveries, environment)),
        "remind_of_renewals": _daily(environment, partial(remind_of_renewals, environment)),
        "draw_papers": _daily(environment, partial(draw_papers, environment)),
        "delete_old_consents": _daily(environment, partial(delete_old_consents, environment)),
        "check_whatsapp": _daily(environment, partial(check_whatsapp, environment)),
        "plan_store_anew": _daily(environment, store.plan_anew),
    }
    return tuple(Job(name, UPKEEP_SECONDS, run) for name, run in work.items())


def _retention_jobs(environment: Environment, kept: Retention) -> Mapping[str, Work]:
    """What is past its time."""
    store, clock = environment.store, environment.clock

    def expiry_work(forget: Callable[[Transaction], Awaitable[object]]) -> Work:
        return partial(store.carry_out, forget)

    def older(forget: Callable[..., Awaitable[object]], days: int = 0) -> Work:
        async def run() -> None:
            before = clock.now() - timedelta(days=days)
            await store.carry_out(lambda tx: forget(tx, before))

        return run

    async def operation_uses() -> None:
        before = ist_date(clock.now()) - timedelta(days=kept.operation_use_days)

        async def forget(tx: Transaction) -> None:
            await manifests.forget_uses(tx, before)
            await registered_apps.forget_errors(tx, before)

        await store.carry_out(forget)

    return {
        "forget_sign_ins": expiry_work(sign_ins.forget_expired),
        "forget_session_tokens": expiry_work(session_tokens.forget_expired),
        "forget_sent_codes": expiry_work(sent_codes.forget_expired),
        "forget_account_links": expiry_work(account_links.forget_expired),
        "forget_umang_calls": expiry_work(umang.forget_expired),
        "forget_idempotency_keys": older(idempotency.forget_expired),
        "forget_sessions": older(sessions.forget_before, kept.session_days),
        "forget_accesses": older(accesses.forget_before, kept.access_days),
        "forget_changes": older(change_feed.sweep, kept.change_days),
        "forget_events": older(event_receivers.forget_before, kept.change_days),
        "forget_connector_notices": older(cases.forget_events, NOTICE_DAYS),
        "forget_conversations": older(conversations.forget_before, kept.conversation_days),
        "forget_status_days": older(forget_old_days, SHOWN_DAYS),
        "forget_operation_uses": operation_uses,
        "forget_app_requests": older(registered_apps.forget_before, REQUEST_DAYS),
        "forget_whatsapp_notices": partial(forget_notices, environment),
        "forget_tracking_tries": partial(forget_tries, environment),
        "forget_unfiled_rosters": partial(forget_unfiled, environment),
    }


async def _in_batches(store: Store, fold: Callable[[Transaction], Awaitable[int]], batch: int) -> None:
    while await store.carry_out(fold) == batch:
        pass


async def _count_figures(store: Store) -> None:
    """For a store whose applications are older than its figures."""
    if (sums := await count_once(store)) is not None:
        log.info("figures_counted", sums=sums)


async def _index_contacts(environment: Environment) -> None:
    """Citizens of before there was an index are indexed."""
    while await index_contacts(environment):
        pass


async def _encrypt_clear_files(environment: Environment) -> None:
    if files := await encrypt_clear_files(environment):
        log.info("clear_files_encrypted", files=files)


async def reconcile_fees(environment: Environment) -> None:
    """Take the treasury's scrolls that are there by now, and ask CSC about the wallet payments of the days before."""
    scrolls, agreed = await compare_scrolls(environment), await compare_wallet(environment)
    if scrolls or agreed:
        log.info("fees_reconciled", scrolls=scrolls, wallet_payments=agreed)


async def _close_counts(environment: Environment) -> None:
    if closed := await close_due(environment):
        await compare_nightly(environment, closed)


def _run_once(work: Work) -> Work:
    """Until it came to its end once in the life of the worker."""
    done = False

    async def run() -> None:
        nonlocal done
        if not done:
            await work()
            done = True

    return run


def _daily(environment: Environment, work: Work) -> Work:
    """Once on each day in India, and again where it failed."""
    done_on: date | None = None

    async def run() -> None:
        nonlocal done_on
        today = ist_date(environment.clock.now())
        if done_on != today:
            await work()
            done_on = today

    return run
