"""The columns of each table that are handed out to the citizen whom they are about; any other is withheld.

Withheld are secrets of the gateway, names and keys of officers and operators, and what officers noted for each other:
proposals before they are decisions, field reports, claims, cases of money and reasons of delays (a person gets her own
data, except what would harm an inquiry: DPDP Act 2023, sections 11 and 17(1)(c)).
"""

from collections.abc import Mapping

_OFFICE = "service_code department district tehsil"

_COLUMNS = {
    "account_links": "id citizen_id provider created_at expires_at",
    "appeal_awards": "id citizen_id appeal_id kind amount_paise reason section ordered_at state settled_on settlement",
    "appeal_events": "id citizen_id appeal_id sequence move state_before state_after actor_role note at",
    "appeal_hearings": "id citizen_id appeal_id at place recorded_at state reference fixed_at",
    "appeal_opt_outs": "citizen_id since",
    "appeals": f"id citizen_id application_id number {_OFFICE} level ground origin state version content received_at "
    "due_at breached_on limit_days limit_unit paused_days vacant decide_by next_at decided_at direct_until previous_id",
    "application_documents": "id citizen_id application_id key source reference sha256 attached_at verified_at",
    "application_forms": "application_id citizen_id version sources at",
    "application_strengths": "application_id assurance assisted",
    "applications": f"id citizen_id number acknowledgement {_OFFICE} channel delivery status version form fee_paise "
    "fee_receipt limit_days limit_unit calendar_version clock_started_at paused_since paused_days due_at "
    "lawful_due_at approved ground reason decided_at created_at submitted_at delivered_at updated_at service_version "
    "paused_left clock_ended_at signed_at renews",
    "assistances": "id centre_code citizen_id way strength service_code minutes applicant relative_id paper_sha256 "
    "state asked_at given_at until ended_at",
    "beneficiary_accounts": "id citizen_id beneficiary_id version details created_at",
    "budget_holds": "instalment_id citizen_id amount_paise held_at released_at",
    "certificate_endings": "certificate_id status ground reason ended_at successor_id",
    "certificate_signatures": "id application_id signing_id place designation_hi designation_en office_hi office_en "
    "signed_at",
    "certificate_signings": "id application_id state created_at corrects certificate_id level released_sha256",
    "certificates": "id citizen_id number application_id service_code department district doctype uri name_hi name_en "
    "holder issued_on valid_until status pdf_sha256 xml_sha256 created_at status_index",
    "citizens": "citizen_id personal district tehsil language aadhaar_last4 created_at alias_of",
    "clearances": "id citizen_id application_id department district tehsil state question asked_at due_at answer "
    "answered_at reminded_at escalated_at",
    "commission_cases": "appeal_id citizen_id application_id reference number filed_at received_at decide_by bench "
    "bundle_sent_at",
    "commission_messages": "id citizen_id appeal_id word at payload received_at state",
    "consent_deletions": "id citizen_id sequence link at",
    "consent_records": "id citizen_id sequence consent_id step purpose source scope until at actor role notice_hash "
    "artefact artefact_hash link",
    "conversation_lines": "id conversation_id author text at state",
    "conversations": "id channel address citizen_id state heard_at created_at handed_over_at closed_at",
    "data_accesses": "id citizen_id role object_kind object_id purpose source at",
    "department_cases": "id citizen_id application_id clearance_id system call kind state created_at status "
    "tried_at as_of ends_at polls problem content",
    "department_documents": "id citizen_id publisher doctype name_hi name_en parameters consent valid_until",
    "doorstep_visits": "id application_id citizen_id purpose sequence state slot_on slot_window department district "
    "tehsil fee_paise fee_receipt failure proof paper_sha256 otp_expires_at version created_at updated_at closed_at",
    "fee_orders": f"id number reference application_id citizen_id {_OFFICE} route state fee_paise charge_paise "
    "created_at due_at confirmed_at grn challan_no cin bank_reference mode paid_at paid_at_heard taken_paise problem "
    "settled_at refund_cause refund_reference refund_requested_at refunded_at version updated_at",
    "feedback": f"application_id citizen_id {_OFFICE} rating text created_at updated_at",
    "grievance_replies": "id grievance_id text at",
    "grievances": f"id number application_id citizen_id {_OFFICE} category text state escalated due_at version "
    "created_at updated_at closed_at",
    "identities": "provider person_kind person_id assurance linked_at last_used_at",
    "instalments": "id citizen_id sanction_id sequence period_from period_to amount_paise bill_number end_to_end_id "
    "status status_at rail kind reissue_of deducted_paise",
    "legacy_applications": "application_id citizen_id import_id steps held imported_at",
    "life_certificates": "id citizen_id sanction_id given_on proof at",
    "locker_copies": "certificate_id citizen_id locker via placed_at removed_at",
    "locker_grants": "citizen_id expires_at consent_until needs_consent version linked_at last_used_at",
    "locker_orders": "id citizen_id kind state asked uri code created_at sent_at settled_at",
    "muted_applications": "application_id muted_at",
    "message_settings": "citizen_id channels quiet_from quiet_until chosen_at is_chosen shows_content",
    "whatsapp_consents": "citizen_id given at words source assurance",
    "messages": "id notice_id citizen_id kind channel state reason created_at state_at attempts template segments",
    "notices": "id citizen_id kind topic topic_id application_id params created_at read_at",
    "outside_reads": "id citizen_id application_id purpose at",
    "partial_upload_pieces": "id partial_id start size",
    "partial_uploads": "id citizen_id length received claimed document_key expected upload_id created_at touched_at",
    "payment_accounts": "sanction_id citizen_id account strength corrected_at",
    "payment_beneficiaries": "id citizen_id sanction_id scheme_code agency method version account_id state state_at "
    "cpsms_id codes created_at",
    "payment_events": "id citizen_id instalment_id status at heard_at return_code utr_last4 rail source_ref",
    "payment_lines": "batch_id position instalment_id end_to_end_id beneficiary_id account_id amount_paise state "
    "state_at codes utr_last4 value_on",
    "push_devices": "id citizen_id platform app language registered_at last_seen_at",
    "quarantined_files": "id citizen_id digest media_type size found at",
    "record_claims": "id citizen_id application_id department district tehsil way strength state asked_at decided_at",
    "recoveries": "id citizen_id sanction_id number amount_paise recovered_paise ground way state made_at",
    "recovery_parts": "id citizen_id recovery_id reference amount_paise at",
    "registration_lines": "batch_id position beneficiary_id account_id purpose cpsms_id state state_at codes",
    "relatives": "id citizen_id personal registered_at",
    "roster_rows": "id roster_id person state version consent_way consent_at consent_paper_sha256 citizen_id "
    "application_id problems recipient proof handed_over_at receipt_sha256 added_at",
    "sanction_stops": "id citizen_id sanction_id kind ground from_on made_at lifted_at lift_ground unpaid_until",
    "sanctions": "id citizen_id number application_id scheme_code department district amount_paise period "
    "bank_account_last4 sanctioned_at next_due_on ended_on state anchor_on terms certified_on",
    "sent_codes": "id kind about citizen_id tries expires_at used_at",
    "session_devices": "session_id client platform refreshes_until last_used_at end_reason",
    "session_tokens": "session_id serves_locker until",
    "sessions": "id kind person_id provider assurance created_at expires_at revoked_at",
    "suggestions": f"id citizen_id {_OFFICE} text state reply replied_at version created_at updated_at",
    "timeline_entries": "id citizen_id application_id sequence move status_before status_after actor_role ground note "
    "at documents",
    "umang_requests": "record tracker operation srvid citizen_id answer code application_id begun_at",
    "upload_uses": "upload_id object_kind object_id citizen_id at",
    "uploads": "id citizen_id expected sha256 media_type size created_at used_at",
    "verifications": "id citizen_id application_id observed_at reported_at",
}

HANDED_OUT: Mapping[str, frozenset[str]] = {table: frozenset(columns.split()) for table, columns in _COLUMNS.items()}
"""By table; one that is not here is withheld as a whole."""
