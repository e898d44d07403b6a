"""Rules for each table with personal data: whose it is, and what an erasure does with it.

The rules name what keeps a table; a test asserts that every table with a citizen or sealed columns is named here.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Column

from domain.kernel.messages import bilingual
from store.tables import metadata

ERASED = "(erased)"
"""Stands in for a text that must not be empty."""

DELETED: Mapping[str, str] = {
    "identities": "person_id", "locker_grants": "citizen_id", "department_documents": "citizen_id",
    "appeal_opt_outs": "citizen_id", "claims": "citizen_id", "upload_uses": "citizen_id", "uploads": "citizen_id",
    "notices": "citizen_id", "relatives": "citizen_id", "sent_codes": "citizen_id", "account_links": "citizen_id",
    "citizen_contacts": "citizen_id", "locker_orders": "citizen_id", "legacy_persons": "citizen_id",
    "partial_uploads": "citizen_id", "quarantined_files": "citizen_id", "umang_requests": "citizen_id",
    "messages": "citizen_id", "message_settings": "citizen_id", "conversations": "citizen_id",
    "whatsapp_consents": "citizen_id", "push_devices": "citizen_id",
}  # fmt: skip
"""Tables whose rows of the person are deleted, with the column that names the citizen."""

TEXTS: Mapping[str, tuple[str, ...]] = {
    "applications": ("reason",),
    "timeline_entries": ("note",),
    "clearances": ("question", "answer"),
    "second_opinions": ("reason", "answer_note"),
    "doorstep_visits": ("witness", "otp"),
    "feedback": ("text",),
    "grievances": ("text",),
    "suggestions": ("text", "reply"),
    "appeal_events": ("note",),
    "appeal_awards": ("reason",),
    "delay_reasons": ("text",),
    "record_claims": ("reason",),
    "grievance_replies": ("text",),
    "finance_case_events": ("note",),
    # That money was taken and given back stays; the words that came about it do not.
    "fee_messages": ("content",),
}
"""Sealed texts that are emptied."""

Blank = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def _texts_of(old: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: ERASED if isinstance(value, str) else None for name, value in old.items()}


def _empty_object(_: Mapping[str, Any]) -> Mapping[str, Any]:
    return {}


def _erased_person(_: Mapping[str, Any]) -> Mapping[str, Any]:
    """The person of a row of a roster, whose fields are read back one by one."""
    named = dict.fromkeys(("reference", "name", "guardian"), ERASED)
    unnamed: dict[str, Any] = {"name_hi": None, "mobile": None, "answers": {}, "documents": {}}
    return {**named, **unnamed, "born_on": date.min.isoformat(), "relation": "GUARDIAN"}


def _empty_case(_: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a department's system was sent, which is read back by its three parts."""
    return {"inputs": {}, "number": None, "record": None}


_NAME = bilingual("personal.erased")

VALUES: Mapping[str, tuple[str, Blank]] = {
    "applications": ("form", _empty_object),
    "application_documents": ("reference", _texts_of),
    "appeals": ("content", _texts_of),
    "verifications": ("content", _texts_of),
    "citizens": ("personal", lambda old: {**dict.fromkeys(old), "name_hi": _NAME.hi, "name_en": _NAME.en}),
    # The record stays for seven years (docs/consent.md); mobile and e-mail in the artefact do not.
    "consent_records": ("artefact", _empty_object),
    # Which documents answers came from; the version of the form stays.
    "application_forms": ("sources", _empty_object),
    # Who acted for the citizen, when and on which proof stays, as the consent does; the named person does not.
    "assistances": ("applicant", _empty_object),
    "certificate_endings": ("reason", _texts_of),
    # The row goes with its session; by what a provider knew it goes now.
    "session_tokens": ("tokens", _empty_object),
    # That a school or camp filed for a person stays with the application; the names of person and guardian do not.
    "roster_rows": ("person", _erased_person),
    # That the account was corrected stays; which it was does not.
    "payment_accounts": ("account", _empty_object),
    # That there was a payment stays, as does the code at PFMS; to whom and to which account does not.
    "beneficiary_accounts": ("details", _texts_of),
    # That a department was asked stays; what it was sent and answered does not.
    "department_cases": ("content", _empty_case),
    # What the Commission decided stays with the appeal; the words that it came in do not.
    "commission_messages": ("payload", _empty_object),
}
"""Sealed JSON values that are replaced."""

PLAIN: Mapping[str, Mapping[str, Any]] = {
    "citizens": {"aadhaar_last4": None, "district": None, "tehsil": None},
    "sanctions": {"bank_account_last4": None},
    "department_cases": {"number_index": None, "next_at": None},
    "application_documents": {"sha256": None},
    "verifications": {"photos": []},
    "doorstep_visits": {"paper_sha256": None, "otp_hash": None},
    "applications": {"fee_receipt": None},
    "assistances": {"paper_sha256": None},
    # That it came from a former system stays; by what an import would know it again does not.
    "legacy_applications": {"content_index": ""},
    "roster_rows": {"person_index": None, "consent_paper_sha256": None, "receipt_sha256": None},
    "commission_cases": {"bundle": None, "bundle_octets": None},
}
"""Columns that are set to a value that says nothing."""

KEPT: Mapping[str, str] = {
    "certificates": "a public record that others rely on: it stays as issued while it can be verified "
    "(DPDP Act 2023, sections 7(b) and 17(4))",
    "locker_copies": "which lockers hold a public record, so that one that is revoked can be taken out of them",
    "data_accesses": "receipts without personal data, at least a year (DPDP Rules 2025, rules 6(1)(e) and 8(3))",
    "outside_reads": "receipts without personal data, as data_accesses",
    "paper_checks": "what a district found of a signed paper; it holds no personal data",
    "consent_deletions": "places in the ledger of consents, without what was said; they hold no personal data",
    "covered_cases": "the record of who had a case while its officer was away; it holds no personal data",
    "sessions": "a log without personal data, at least 180 days (CERT-In directions of 28 April 2022, iv); ended",
    "session_devices": "as sessions; it goes with its session, and what refresh tokens are made of stays sealed",
    "application_strengths": "how sure the applicant's identity was; it holds no personal data",
    "instalments": "the account of public money; it holds no personal data",
    "sanction_stops": "the record of a benefit that was stopped; it holds no personal data",
    "life_certificates": "the record on which a benefit went on; it holds no personal data",
    "payment_approvals": "the record of who approved public money; it holds no personal data",
    "budget_holds": "the account of public money; it holds no personal data",
    "recoveries": "the account of public money; it holds no personal data",
    "recovery_parts": "the account of public money; it holds no personal data",
    "payment_events": "the account of public money; it holds no personal data",
    "payment_beneficiaries": "the account of public money; codes and states only",
    "payment_lines": "the account of public money; references, sums and states only",
    "registration_lines": "the account of public money; references and states only",
    "finance_cases": "the account of public money; it holds no personal data",
    "fee_orders": "the account of public money; it holds no personal data",
    "appeal_hearings": "the record of a statutory appeal; it holds no personal data",
    "certificate_signings": "which officer's signature a certificate waits for; what was prepared of it is gone once "
    "it is released, before which nobody is erased",
    "certificate_signatures": "who signed a public record, on which it rests, as certificates",
    "invitations": "an officer's one-time link; it concerns no citizen",
    "escalations": "the record of a breach of the time limit; it holds no personal data",
    "event_receivers": "which systems are told of events, and their secrets; it concerns no citizen",
    "registered_apps": "which apps developers registered, and their keys; it concerns no citizen",
}
"""Tables of a citizen that stay as they are, and what keeps them."""

PASSING: Mapping[str, str] = {
    "outbox": "kept until it is delivered; it names rows and not people",
    "changes": "names rows only; forgotten after some weeks (APUNI_RETENTION__CHANGE_DAYS)",
    "event_deliveries": "events for other systems, which name rows only; forgotten with changes once they are told",
    "idempotency_records": "what verbs kept names rows only; whole answers that she got are deleted with her, "
    "those that others got about her after seven days",
    "sign_ins": "forgotten after minutes",
    "app_codes": "forgotten after minutes",
    "umang_links": "accounts that wait for their person: forgotten after minutes",
    "payment_sealed_files": "destroyed with the final status of the last payment in them, before which nobody in "
    "them can be erased",
    "payment_answers": "what PFMS told, sealed; destroyed after some months (APUNI_PAYMENTS__ANSWER_DAYS)",
    "partial_upload_pieces": "pieces of a file on its way: they go with it, after a day at the latest",
    "muted_applications": "which applications are muted; it holds no personal data",
    "whatsapp_notices": "what WhatsApp told: emptied when it was worked on, forgotten after nine days",
    "conversation_lines": "they go with their conversation, after some months (APUNI_RETENTION__CONVERSATION_DAYS)",
}
"""Tables that pass by themselves, or go with the row of a citizen that they belong to."""

THROUGH: Mapping[str, tuple[str, str]] = {
    "paper_checks": ("id", "assistances"),
    "grievance_replies": ("grievance_id", "grievances"),
    "payment_lines": ("instalment_id", "instalments"),
    "registration_lines": ("beneficiary_id", "payment_beneficiaries"),
    "certificate_endings": ("certificate_id", "certificates"),
    "certificate_signings": ("application_id", "applications"),
    "certificate_signatures": ("application_id", "applications"),
    "session_devices": ("session_id", "sessions"),
    "session_tokens": ("session_id", "sessions"),
    "application_strengths": ("application_id", "applications"),
    "partial_upload_pieces": ("partial_id", "partial_uploads"),
    "muted_applications": ("application_id", "applications"),
    "event_deliveries": ("application_id", "applications"),
    "conversation_lines": ("conversation_id", "conversations"),
}
"""Tables that belong to a citizen through another one: the column that names its row, and that table."""


def person_tables() -> dict[str, Column[str]]:
    """The tables that hold something of a citizen, with the column that names the citizen, by name."""
    named = {"identities": "person_id", "sessions": "person_id"}
    found = {
        table.name: table.c[named.get(table.name, "citizen_id")]
        for table in metadata.sorted_tables
        if "citizen_id" in table.c or table.name in named
    }
    found |= {name: metadata.tables[name].c[column] for name, (column, _) in THROUGH.items()}
    return dict(sorted(found.items()))
