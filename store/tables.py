"""Every table of the store in one MetaData, for migrations and checks."""

# ruff: noqa: F401 - importing a module declares its tables

from store import clearances, doorstep, training, umang
from store.appeals import appeal_course, appeal_rows, appeals, commission, delays
from store.applications import application_rows, imports, timeline
from store.benefits import benefits, bharat_reports, payment_enquiries, recoveries, sanction_course
from store.catalogue import calendar, catalogue_rows, centres, forms, service_drafts
from store.certificates import certificate_endings, certificates, officer_signatures
from store.connectors import cases, versions
from store.consents import consent_deletions, consents
from store.database import audit, change_feed, idempotency, leases
from store.database.metadata import metadata
from store.documents import department_documents, locker_copies, locker_orders
from store.etaal import etaal, ledger
from store.feedback import (
    conversations,
    feedback,
    grievances,
    message_days,
    messages,
    notices,
    suggestions,
    text_proposals,
    tracking,
    whatsapp_consents,
    whatsapp_notices,
    whatsapp_templates,
)
from store.fees import fee_orders, fee_scrolls
from store.identity import (
    accesses,
    account_links,
    aliases,
    assistances,
    contacts,
    devices,
    identities,
    invitations,
    officer_accounts,
    paper_checks,
    people,
    push_devices,
    record_claims,
    relatives,
    sent_codes,
    session_tokens,
    sessions,
    sign_ins,
    strengths,
)
from store.officers import batches, cover, desk, desk_reads, leave, posts
from store.payments import expected_files, payment_tables
from store.platform import alarms, event_receivers, incidents, manifests, outbox, registered_apps, seeds, switches
from store.reconciliation import finance_cases, finance_totals, held_benefits, reconciliation
from store.rosters import roster_rows, rosters
from store.statistics import figure_state, figures, saved_views
from store.uploads import partial_uploads, quarantine, uploads

__all__ = ["metadata"]
