CREATE TABLE alarms (
    code {key} NOT NULL, about {key} NOT NULL, state {key} NOT NULL, value FLOAT NOT NULL, raised_at {instant} NOT NULL,
    cleared_at {instant}, changes BIGINT NOT NULL, CONSTRAINT pk_alarms PRIMARY KEY (code, about)
);
CREATE INDEX ix_alarms_state ON alarms (state);

CREATE TABLE app_codes (
    code_hash {key} NOT NULL, payload {bytes} NOT NULL, expires_at {instant} NOT NULL,
    CONSTRAINT pk_app_codes PRIMARY KEY (code_hash)
);
CREATE INDEX ix_app_codes_expires_at ON app_codes (expires_at);

CREATE TABLE audit_lines (
    id {serial} CONSTRAINT pk_audit_lines PRIMARY KEY, at {instant} NOT NULL, actor {key} NOT NULL,
    action {key} NOT NULL, object_kind {key} NOT NULL, object_id {key}, purpose {key}, detail TEXT NOT NULL,
    line_hash {key} NOT NULL, sealed BOOLEAN NOT NULL
);
CREATE INDEX ix_audit_lines_object_kind_object_id ON audit_lines (object_kind, object_id);
CREATE INDEX ix_audit_lines_sealed_id ON audit_lines (sealed, id);

CREATE TABLE calendars (
    version {key} NOT NULL, saved_at {instant} NOT NULL, CONSTRAINT pk_calendars PRIMARY KEY (version)
);

CREATE TABLE centres (
    code {key} NOT NULL, kind {key} NOT NULL, name_hi TEXT, name_en TEXT NOT NULL, district {key} NOT NULL,
    tehsil {key}, open BOOLEAN NOT NULL, opens_on DATE, closes_on DATE, CONSTRAINT pk_centres PRIMARY KEY (code)
);
CREATE INDEX ix_centres_district_code ON centres (district, code);

CREATE TABLE change_feeds (
    feed {key} NOT NULL, name {key} NOT NULL, swept_transaction BIGINT NOT NULL, swept_row BIGINT NOT NULL,
    CONSTRAINT pk_change_feeds PRIMARY KEY (feed)
);

CREATE TABLE changes (
    id {serial} CONSTRAINT pk_changes PRIMARY KEY, tx_number BIGINT NOT NULL, kind {key} NOT NULL,
    object_id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key}, department {key},
    district {key} NOT NULL, tehsil {key}, at {instant} NOT NULL
);
CREATE INDEX ix_changes_application_id_tx_number_id ON changes (application_id, tx_number, id);
CREATE INDEX ix_changes_at ON changes (at);
CREATE INDEX ix_changes_citizen_id_tx_number_id ON changes (citizen_id, tx_number, id);
CREATE INDEX ix_changes_district_tx_number_id ON changes (district, tx_number, id);
CREATE INDEX ix_changes_tx_number_id ON changes (tx_number, id);

CREATE TABLE citizens (
    citizen_id {key} NOT NULL, personal {bytes} NOT NULL, district {key}, tehsil {key}, language {key} NOT NULL,
    aadhaar_last4 {key}, created_at {instant} NOT NULL, alias_of {key}, CONSTRAINT pk_citizens PRIMARY KEY (citizen_id)
);
CREATE INDEX ix_citizens_alias_of ON citizens (alias_of);

CREATE TABLE client_rules (
    app {key} NOT NULL, platform {key} NOT NULL, minimum {key} NOT NULL, latest {key}, store_url {key},
    set_by {key} NOT NULL, set_at {instant} NOT NULL, CONSTRAINT pk_client_rules PRIMARY KEY (app, platform)
);

CREATE TABLE dbt_bharat_reports (
    scheme_code {key} NOT NULL, month {key} NOT NULL, revision INTEGER NOT NULL, state {key} NOT NULL,
    fields TEXT NOT NULL, queued_at {instant} NOT NULL, settled_at {instant},
    CONSTRAINT pk_dbt_bharat_reports PRIMARY KEY (scheme_code, month, revision)
);

CREATE TABLE delay_reviews (
    month DATE NOT NULL, sha256 {key} NOT NULL, content TEXT NOT NULL, made_at {instant} NOT NULL, sent_at {instant},
    CONSTRAINT pk_delay_reviews PRIMARY KEY (month)
);

CREATE TABLE departments (
    id {key} NOT NULL, slug {key} NOT NULL, name_hi TEXT, name_en {key} NOT NULL, portal_service_count INTEGER,
    source TEXT NOT NULL, verified BOOLEAN NOT NULL, CONSTRAINT pk_departments PRIMARY KEY (id),
    CONSTRAINT uq_departments_slug UNIQUE (slug)
);

CREATE TABLE districts (
    id {key} NOT NULL, code {key} NOT NULL, name_hi TEXT, name_en {key} NOT NULL, division TEXT NOT NULL,
    headquarters TEXT NOT NULL, source TEXT NOT NULL, verified BOOLEAN NOT NULL,
    CONSTRAINT pk_districts PRIMARY KEY (id), CONSTRAINT uq_districts_code UNIQUE (code)
);

CREATE TABLE e_transaction_days (
    day DATE NOT NULL, revision INTEGER NOT NULL, link {key} NOT NULL, total BIGINT NOT NULL,
    sealed_at {instant} NOT NULL, closed_revision INTEGER, closed_at {instant},
    CONSTRAINT pk_e_transaction_days PRIMARY KEY (day)
);

CREATE TABLE e_transaction_totals (
    day DATE NOT NULL, service_code {key} NOT NULL, district {key} NOT NULL, channel {key} NOT NULL,
    category {key} NOT NULL, total BIGINT NOT NULL, entries BIGINT NOT NULL, stands {key},
    CONSTRAINT pk_e_transaction_totals PRIMARY KEY (day, service_code, district, channel, category)
);
CREATE INDEX ix_e_transaction_totals_service_code_day ON e_transaction_totals (service_code, day);

CREATE TABLE e_transactions (
    event_key {key} NOT NULL, event {key} NOT NULL, day DATE NOT NULL, service_code {key} NOT NULL,
    district {key} NOT NULL, channel {key} NOT NULL, category {key} NOT NULL, count INTEGER NOT NULL,
    rules_version {key} NOT NULL, recorded_at {instant} NOT NULL, corrects {key}, reason {key}, stands {key},
    link {key}, sequence INTEGER, CONSTRAINT pk_e_transactions PRIMARY KEY (event_key)
);
CREATE INDEX ix_e_transactions_corrections ON e_transactions (day) WHERE reason IS NOT NULL;
CREATE INDEX ix_e_transactions_waiting ON e_transactions (day) WHERE sequence IS NULL;
CREATE UNIQUE INDEX uq_e_transactions_day_sequence ON e_transactions (day, sequence);

CREATE TABLE etaal_codes (
    service_code {key} NOT NULL, etaal_code {key} NOT NULL, CONSTRAINT pk_etaal_codes PRIMARY KEY (service_code)
);

CREATE TABLE etaal_pulls (
    day DATE NOT NULL, revision INTEGER NOT NULL, total BIGINT NOT NULL, rows_hash {key} NOT NULL,
    first_at {instant} NOT NULL, CONSTRAINT pk_etaal_pulls PRIMARY KEY (day, revision)
);

CREATE TABLE etaal_pushes (
    day DATE NOT NULL, revision INTEGER NOT NULL, state {key} NOT NULL, total BIGINT, rows_hash {key}, batch_id {key},
    rejected TEXT, queued_at {instant} NOT NULL, settled_at {instant},
    CONSTRAINT pk_etaal_pushes PRIMARY KEY (day, revision)
);

CREATE TABLE etaal_services (
    service_code {key} NOT NULL, starts_on DATE NOT NULL, etaal_code {key} NOT NULL, category {key} NOT NULL,
    level {key} NOT NULL, standard_service TEXT, set_by {key} NOT NULL, set_at {instant} NOT NULL,
    CONSTRAINT pk_etaal_services PRIMARY KEY (service_code, starts_on)
);

CREATE TABLE expected_files (
    source {key} NOT NULL, day DATE NOT NULL, due_at {instant}, asked_at {instant}, came_at {instant},
    told_at {instant}, compared_at {instant}, CONSTRAINT pk_expected_files PRIMARY KEY (source, day)
);
CREATE INDEX ix_expected_files_source_compared_at_day ON expected_files (source, compared_at, day);

CREATE TABLE fee_scrolls (
    scrolled_on DATE NOT NULL, name {key} NOT NULL, sha256 {key} NOT NULL, lines INTEGER NOT NULL,
    total_paise BIGINT NOT NULL, taken_at {instant} NOT NULL, compared_at {instant},
    CONSTRAINT pk_fee_scrolls PRIMARY KEY (scrolled_on)
);

CREATE TABLE figure_deltas (
    id {serial} CONSTRAINT pk_figure_deltas PRIMARY KEY, day DATE NOT NULL, period DATE NOT NULL, part {key} NOT NULL,
    bucket INTEGER NOT NULL, department {key} NOT NULL, service_code {key} NOT NULL, district {key} NOT NULL,
    tehsil {key} NOT NULL, channel {key} NOT NULL, received INTEGER NOT NULL, processed INTEGER NOT NULL,
    dropped INTEGER NOT NULL, withdrawn INTEGER NOT NULL, disposed INTEGER NOT NULL, delivered INTEGER NOT NULL,
    timed INTEGER NOT NULL, on_time INTEGER NOT NULL, days INTEGER NOT NULL, due INTEGER NOT NULL,
    grievances INTEGER NOT NULL, replied INTEGER NOT NULL, about {key}, counted BOOLEAN
);
CREATE INDEX ix_figure_deltas_about ON figure_deltas (about);

CREATE TABLE figure_state (
    name {key} NOT NULL, generation {key} NOT NULL, building {key}, phase {key}, after_id {key},
    counted BIGINT NOT NULL, touched_at {instant} NOT NULL, CONSTRAINT pk_figure_state PRIMARY KEY (name)
);

CREATE TABLE figures (
    cube {key} NOT NULL, part {key} NOT NULL, period DATE NOT NULL, district {key} NOT NULL, department {key} NOT NULL,
    service_code {key} NOT NULL, tehsil {key} NOT NULL, channel {key} NOT NULL, bucket INTEGER NOT NULL,
    received BIGINT NOT NULL, processed BIGINT NOT NULL, dropped BIGINT NOT NULL, withdrawn BIGINT NOT NULL,
    disposed BIGINT NOT NULL, delivered BIGINT NOT NULL, timed BIGINT NOT NULL, on_time BIGINT NOT NULL,
    days BIGINT NOT NULL, due BIGINT NOT NULL, grievances BIGINT NOT NULL, replied BIGINT NOT NULL, CONSTRAINT
    pk_figures PRIMARY KEY (cube, part, period, district, department, service_code, tehsil, channel, bucket)
) {without_rowid};

CREATE TABLE finance_statements (
    month {key} NOT NULL, scheme_code {key} NOT NULL, department {key} NOT NULL, district {key} NOT NULL,
    opening_count INTEGER NOT NULL, instructed_count INTEGER NOT NULL, credited_count INTEGER NOT NULL,
    returned_count INTEGER NOT NULL, taken_back_count INTEGER NOT NULL, closing_count INTEGER NOT NULL,
    opening_paise BIGINT NOT NULL, instructed_paise BIGINT NOT NULL, credited_paise BIGINT NOT NULL,
    returned_paise BIGINT NOT NULL, taken_back_paise BIGINT NOT NULL, closing_paise BIGINT NOT NULL,
    made_at {instant} NOT NULL, CONSTRAINT pk_finance_statements PRIMARY KEY (month, scheme_code, department, district)
);

CREATE TABLE finance_totals (
    month {key} NOT NULL, rail {key} NOT NULL, scheme_code {key} NOT NULL, department {key} NOT NULL,
    district {key} NOT NULL, waiting_count INTEGER NOT NULL, in_flight_count INTEGER NOT NULL,
    credited_count INTEGER NOT NULL, returned_count INTEGER NOT NULL, waiting_paise BIGINT NOT NULL,
    in_flight_paise BIGINT NOT NULL, credited_paise BIGINT NOT NULL, returned_paise BIGINT NOT NULL,
    as_of {instant} NOT NULL, CONSTRAINT pk_finance_totals PRIMARY KEY (month, rail, scheme_code, department, district)
);
CREATE INDEX ix_finance_totals_district_month ON finance_totals (district, month);
CREATE INDEX ix_finance_totals_scheme_code_month ON finance_totals (scheme_code, month);

CREATE TABLE form_versions (
    version {key} NOT NULL, form {key} NOT NULL, content TEXT NOT NULL, since {instant} NOT NULL,
    CONSTRAINT pk_form_versions PRIMARY KEY (version)
);
CREATE INDEX ix_form_versions_form ON form_versions (form);

CREATE TABLE health_facts (
    process_id {key} NOT NULL, at {instant} NOT NULL, facts TEXT NOT NULL,
    CONSTRAINT pk_health_facts PRIMARY KEY (process_id)
);

CREATE TABLE idempotency_records (
    record {key} NOT NULL, scope {key} NOT NULL, body_hash {key} NOT NULL, answer {bytes}, for_ever BOOLEAN NOT NULL,
    begun_at {instant} NOT NULL, CONSTRAINT pk_idempotency_records PRIMARY KEY (record)
);
CREATE INDEX ix_idempotency_records_begun_at ON idempotency_records (begun_at);

CREATE TABLE identities (
    provider {key} NOT NULL, subject_index {key} NOT NULL, person_kind {key} NOT NULL, person_id {key} NOT NULL,
    assurance {key} NOT NULL, linked_at {instant} NOT NULL, last_used_at {instant},
    CONSTRAINT pk_identities PRIMARY KEY (provider, subject_index)
);
CREATE INDEX ix_identities_person_id ON identities (person_id);

CREATE TABLE leases (
    name {key} NOT NULL, holder {key} NOT NULL, fence BIGINT NOT NULL, until {instant} NOT NULL,
    CONSTRAINT pk_leases PRIMARY KEY (name)
);

CREATE TABLE legacy_imports (
    id {key} NOT NULL, source_digest {key} NOT NULL, bytes_done BIGINT NOT NULL, rows_done BIGINT NOT NULL,
    imported BIGINT NOT NULL, skipped BIGINT NOT NULL, rejected BIGINT NOT NULL, rejects_bytes BIGINT NOT NULL,
    started_at {instant} NOT NULL, updated_at {instant} NOT NULL, finished_at {instant},
    CONSTRAINT pk_legacy_imports PRIMARY KEY (id)
);
CREATE INDEX ix_legacy_imports_source_digest ON legacy_imports (source_digest);

CREATE TABLE manifest_uses (
    app {key} NOT NULL, version {key} NOT NULL, day DATE NOT NULL, uses BIGINT NOT NULL,
    CONSTRAINT pk_manifest_uses PRIMARY KEY (app, version, day)
);

CREATE TABLE manifests (
    app {key} NOT NULL, version {key} NOT NULL, signed TEXT NOT NULL, content_hash {key} NOT NULL,
    operations INTEGER NOT NULL, published_at {instant} NOT NULL, published_by {key} NOT NULL, retired_at {instant},
    retired_by {key}, CONSTRAINT pk_manifests PRIMARY KEY (app, version)
);

CREATE TABLE number_aliases (
    number {key} NOT NULL, kind {key} NOT NULL, object_id {key} NOT NULL, added_at {instant} NOT NULL,
    CONSTRAINT pk_number_aliases PRIMARY KEY (number, kind)
);
CREATE INDEX ix_number_aliases_kind_object_id ON number_aliases (kind, object_id);

CREATE TABLE officers (
    officer_id {key} NOT NULL, email {key} NOT NULL, name_hi TEXT, name_en TEXT NOT NULL, designation_hi TEXT,
    designation_en TEXT NOT NULL, CONSTRAINT pk_officers PRIMARY KEY (officer_id),
    CONSTRAINT uq_officers_email UNIQUE (email)
);

CREATE TABLE operators (
    operator_id {key} NOT NULL, csc_id {key} NOT NULL, name_hi TEXT, name_en TEXT NOT NULL, centre_hi TEXT,
    centre_en TEXT NOT NULL, district {key} NOT NULL, tehsil {key}, CONSTRAINT pk_operators PRIMARY KEY (operator_id),
    CONSTRAINT uq_operators_csc_id UNIQUE (csc_id)
);

CREATE TABLE outbox (
    id {serial} CONSTRAINT pk_outbox PRIMARY KEY, topic {key} NOT NULL, "key" {key} NOT NULL, application_id {key},
    payload {bytes} NOT NULL, state {key} NOT NULL, attempts INTEGER NOT NULL, created_at {instant} NOT NULL,
    due_at {instant} NOT NULL, lease_until {instant}, leased_by {key}, error_code {key}, delivered_at {instant},
    CONSTRAINT uq_outbox_topic_key UNIQUE (topic, "key")
);
CREATE INDEX ix_outbox_application_id_id ON outbox (application_id, id);
CREATE INDEX ix_outbox_state_due_at ON outbox (state, due_at);

CREATE TABLE payment_batches (
    id {key} NOT NULL, kind {key} NOT NULL, message_id {key} NOT NULL, batch_id {key} NOT NULL,
    file_name {key} NOT NULL, scheme_code {key} NOT NULL, agency {key} NOT NULL, method {key} NOT NULL,
    pfms_scheme {key} NOT NULL, agency_name TEXT NOT NULL, lines INTEGER NOT NULL, total_paise BIGINT NOT NULL,
    state {key} NOT NULL, created_at {instant} NOT NULL, executes_on DATE NOT NULL, digest {key}, size BIGINT,
    started_at {instant}, sent_at {instant}, answered_at {instant}, closed_at {instant}, signed_by {key}, way {key},
    CONSTRAINT pk_payment_batches PRIMARY KEY (id), CONSTRAINT uq_payment_batches_message_id UNIQUE (message_id),
    CONSTRAINT uq_payment_batches_batch_id UNIQUE (batch_id), CONSTRAINT uq_payment_batches_file_name UNIQUE (file_name)
);
CREATE INDEX ix_payment_batches_created_at_id ON payment_batches (created_at, id);
CREATE INDEX ix_payment_batches_state_created_at ON payment_batches (state, created_at);

CREATE TABLE payment_enquiries (
    instalment_id {key} NOT NULL, due_at {instant}, asks INTEGER NOT NULL, failures INTEGER NOT NULL,
    asked_at {instant}, heard_status {key}, heard_at {instant}, heard_paise BIGINT, utr_hash {key}, return_code {key},
    CONSTRAINT pk_payment_enquiries PRIMARY KEY (instalment_id)
);
CREATE INDEX ix_payment_enquiries_asked_at ON payment_enquiries (asked_at);
CREATE INDEX ix_payment_enquiries_due_at_instalment_id ON payment_enquiries (due_at, instalment_id);

CREATE TABLE payment_numbers (
    kind {key} NOT NULL, day DATE NOT NULL, last INTEGER NOT NULL, CONSTRAINT pk_payment_numbers PRIMARY KEY (kind, day)
);

CREATE TABLE payment_runs (
    day DATE NOT NULL, slot {key} NOT NULL, place TEXT, started_at {instant} NOT NULL, finished_at {instant},
    batches INTEGER NOT NULL, lines INTEGER NOT NULL, CONSTRAINT pk_payment_runs PRIMARY KEY (day, slot)
);

CREATE TABLE payment_utrs (
    utr_hash {key} NOT NULL, end_to_end_id {key} NOT NULL, first_at {instant} NOT NULL,
    CONSTRAINT pk_payment_utrs PRIMARY KEY (utr_hash)
);

CREATE TABLE queue_packs (
    id {key} NOT NULL, officer_id {key} NOT NULL, day DATE NOT NULL, issued_at {instant} NOT NULL,
    expires_at {instant} NOT NULL, cases TEXT NOT NULL, PRIMARY KEY (id)
);

CREATE TABLE reconciliation_runs (
    id {key} NOT NULL, rail {key} NOT NULL, day DATE NOT NULL, state {key} NOT NULL, place {key},
    rows_read BIGINT NOT NULL, rows_compared BIGINT NOT NULL, differences BIGINT NOT NULL, ours_paise BIGINT NOT NULL,
    theirs_paise BIGINT NOT NULL, starts INTEGER NOT NULL, problem TEXT, begun_at {instant} NOT NULL,
    moved_at {instant} NOT NULL, ended_at {instant}, CONSTRAINT pk_reconciliation_runs PRIMARY KEY (id),
    CONSTRAINT uq_reconciliation_runs_rail_day UNIQUE (rail, day)
);
CREATE INDEX ix_reconciliation_runs_begun_at_id ON reconciliation_runs (begun_at, id);
CREATE INDEX ix_reconciliation_runs_state_ended_at ON reconciliation_runs (state, ended_at);

CREATE TABLE schemes (
    id {key} NOT NULL, code {key} NOT NULL, name_hi TEXT, name_en {key} NOT NULL, department_hi TEXT,
    department_en TEXT NOT NULL, benefit_type {key} NOT NULL, amount_paise BIGINT, period {key}, service_code {key},
    source TEXT NOT NULL, verified BOOLEAN NOT NULL, rail {key}, head_of_account {key}, terms INTEGER,
    life_certificate BOOLEAN, annual_review BOOLEAN, eligibility_hi TEXT, eligibility_en TEXT, documents_hi TEXT,
    documents_en TEXT, limit_days INTEGER, is_dbt BOOLEAN, portal TEXT, notes TEXT,
    CONSTRAINT pk_schemes PRIMARY KEY (id), CONSTRAINT uq_schemes_code UNIQUE (code)
);
CREATE INDEX ix_schemes_service_code ON schemes (service_code);

CREATE TABLE seeds (
    id {key} NOT NULL, at {instant} NOT NULL, CONSTRAINT pk_seeds PRIMARY KEY (id)
);

CREATE TABLE service_strengths (
    service_code {key} NOT NULL, own {key} NOT NULL, assisted {key} NOT NULL,
    CONSTRAINT pk_service_strengths PRIMARY KEY (service_code)
);

CREATE TABLE service_versions (
    service_code {key} NOT NULL, version INTEGER NOT NULL, content TEXT NOT NULL, since {instant} NOT NULL,
    CONSTRAINT pk_service_versions PRIMARY KEY (service_code, version)
);

CREATE TABLE services (
    id {key} NOT NULL, code {key} NOT NULL, code_source {key} NOT NULL, slug {key} NOT NULL, name_hi TEXT,
    name_en {key} NOT NULL, department {key}, category TEXT, rts_notified BOOLEAN, limit_days INTEGER,
    limit_unit {key} NOT NULL, portal_delivery_days INTEGER, designated_officer TEXT, first_appellate TEXT,
    second_appellate TEXT, fee_paise BIGINT, documents TEXT NOT NULL, channels TEXT NOT NULL, outcome {key} NOT NULL,
    doctype {key}, scheme_id {key}, open BOOLEAN NOT NULL, source TEXT NOT NULL, verified BOOLEAN NOT NULL,
    needs_second_pair BOOLEAN, life_events TEXT, eligibility TEXT, keywords TEXT, version INTEGER,
    needs_no_documents BOOLEAN, CONSTRAINT pk_services PRIMARY KEY (id), CONSTRAINT uq_services_code UNIQUE (code),
    CONSTRAINT uq_services_slug UNIQUE (slug)
);
CREATE INDEX ix_services_name_en_code ON services (name_en, code);

CREATE TABLE sessions (
    id {key} NOT NULL, kind {key} NOT NULL, person_id {key} NOT NULL, provider {key} NOT NULL, assurance {key} NOT NULL,
    on_behalf_of {key}, created_at {instant} NOT NULL, expires_at {instant} NOT NULL, revoked_at {instant},
    CONSTRAINT pk_sessions PRIMARY KEY (id)
);
CREATE INDEX ix_sessions_person_id ON sessions (person_id);

CREATE TABLE sign_ins (
    state_hash {key} NOT NULL, payload {bytes} NOT NULL, expires_at {instant} NOT NULL,
    CONSTRAINT pk_sign_ins PRIMARY KEY (state_hash)
);
CREATE INDEX ix_sign_ins_expires_at ON sign_ins (expires_at);

CREATE TABLE signing_certificates (
    fingerprint {key} NOT NULL, state {key} NOT NULL, heard_at {instant} NOT NULL, codes TEXT, source {key} NOT NULL,
    CONSTRAINT pk_signing_certificates PRIMARY KEY (fingerprint)
);

CREATE TABLE statement_rows (
    run_id {key} NOT NULL, file {key} NOT NULL, line INTEGER NOT NULL, end_to_end_id {key} NOT NULL, batch_id {key},
    amount_paise BIGINT NOT NULL, status {key} NOT NULL, utr_hash {key}, return_code {key}, value_on DATE,
    utr_last4 {key}, CONSTRAINT pk_statement_rows PRIMARY KEY (run_id, file, line)
);
CREATE INDEX ix_statement_rows_run_id_end_to_end_id ON statement_rows (run_id, end_to_end_id);
CREATE INDEX ix_statement_rows_run_id_utr_hash ON statement_rows (run_id, utr_hash);

CREATE TABLE switch_version (
    board {key} NOT NULL, version BIGINT NOT NULL, CONSTRAINT pk_switch_version PRIMARY KEY (board)
);

CREATE TABLE switches (
    kind {key} NOT NULL, name {key} NOT NULL, state {key} NOT NULL, reason TEXT NOT NULL, set_by {key} NOT NULL,
    set_at {instant} NOT NULL, until {instant}, CONSTRAINT pk_switches PRIMARY KEY (kind, name)
);

CREATE TABLE tehsils (
    code {key} NOT NULL, district {key} NOT NULL, name_hi TEXT, name_en {key} NOT NULL, source TEXT NOT NULL,
    verified BOOLEAN NOT NULL, CONSTRAINT pk_tehsils PRIMARY KEY (code)
);
CREATE INDEX ix_tehsils_district ON tehsils (district);

CREATE TABLE tracking_tries (
    scope {key} NOT NULL, since {instant} NOT NULL, tries INTEGER NOT NULL,
    CONSTRAINT pk_tracking_tries PRIMARY KEY (scope)
);
CREATE INDEX ix_tracking_tries_since ON tracking_tries (since);

CREATE TABLE umang_assertions (
    jti_hash {key} NOT NULL, until {instant} NOT NULL, CONSTRAINT pk_umang_assertions PRIMARY KEY (jti_hash)
);
CREATE INDEX ix_umang_assertions_until ON umang_assertions (until);

CREATE TABLE umang_comparisons (
    day DATE NOT NULL, srvid {key} NOT NULL, accepted INTEGER NOT NULL, created INTEGER NOT NULL, theirs INTEGER,
    differences TEXT NOT NULL, compared_at {instant} NOT NULL, CONSTRAINT pk_umang_comparisons PRIMARY KEY (day, srvid)
);

CREATE TABLE umang_links (
    ticket_hash {key} NOT NULL, account {bytes} NOT NULL, tries INTEGER NOT NULL, expires_at {instant} NOT NULL,
    CONSTRAINT pk_umang_links PRIMARY KEY (ticket_hash)
);
CREATE INDEX ix_umang_links_expires_at ON umang_links (expires_at);

CREATE TABLE unusual_reads (
    id {serial} PRIMARY KEY, officer_id {key} NOT NULL, reads INTEGER NOT NULL, at {instant} NOT NULL
);
CREATE INDEX ix_unusual_reads_at ON unusual_reads (at);
CREATE INDEX ix_unusual_reads_officer_id_at ON unusual_reads (officer_id, at);

CREATE TABLE account_links (
    id {key} NOT NULL, citizen_id {key} NOT NULL, ticket_hash {key} NOT NULL, browser_hash {key},
    provider {key} NOT NULL, proven {bytes}, created_at {instant} NOT NULL, expires_at {instant} NOT NULL,
    CONSTRAINT pk_account_links PRIMARY KEY (id),
    CONSTRAINT fk_account_links_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_account_links_citizen_id_created_at ON account_links (citizen_id, created_at);
CREATE INDEX ix_account_links_expires_at ON account_links (expires_at);
CREATE INDEX ix_account_links_ticket_hash ON account_links (ticket_hash);

CREATE TABLE appeal_opt_outs (
    citizen_id {key} NOT NULL, since {instant} NOT NULL, PRIMARY KEY (citizen_id),
    FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);

CREATE TABLE applications (
    id {key} NOT NULL, citizen_id {key} NOT NULL, number {key} NOT NULL, acknowledgement {key},
    service_code {key} NOT NULL, department {key}, district {key} NOT NULL, tehsil {key}, channel {key} NOT NULL,
    operator_id {key}, delivery {key} NOT NULL, status {key} NOT NULL, version INTEGER NOT NULL, form {bytes} NOT NULL,
    fee_paise BIGINT, fee_receipt {key}, officer_id {key}, limit_days INTEGER, limit_unit {key}, calendar_version {key},
    clock_started_at {instant}, paused_since {instant}, paused_days INTEGER NOT NULL, due_at {instant},
    approved BOOLEAN, ground {key}, reason {bytes}, decided_by {key}, decided_at {instant},
    created_at {instant} NOT NULL, submitted_at {instant}, delivered_at {instant}, updated_at {instant} NOT NULL,
    service_version INTEGER, CONSTRAINT pk_applications PRIMARY KEY (id),
    CONSTRAINT uq_applications_number UNIQUE (number),
    CONSTRAINT uq_applications_acknowledgement UNIQUE (acknowledgement),
    CONSTRAINT fk_applications_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_applications_citizen_id_created_at_id ON applications (citizen_id, created_at, id);
CREATE INDEX ix_applications_district_status_due_at ON applications (district, status, due_at);
CREATE INDEX ix_applications_ended_late ON applications (updated_at, id) WHERE status IN ('DELIVERED', 'REJECTED',
    'RETURNED_AS_INCOMPLETE') AND coalesce(delivered_at, decided_at) > due_at;
CREATE INDEX ix_applications_open_department_due_at ON applications (department, due_at, id, status, paused_since) WHERE
    status NOT IN ('DELIVERED', 'DRAFT', 'REJECTED', 'RETURNED_AS_INCOMPLETE', 'WITHDRAWN');
CREATE INDEX ix_applications_open_district_department_due_at ON applications (district, department, due_at, id, status,
    paused_since) WHERE status NOT IN ('DELIVERED', 'DRAFT', 'REJECTED', 'RETURNED_AS_INCOMPLETE', 'WITHDRAWN');
CREATE INDEX ix_applications_open_district_due_at ON applications (district, due_at, id, status, paused_since) WHERE
    status NOT IN ('DELIVERED', 'DRAFT', 'REJECTED', 'RETURNED_AS_INCOMPLETE', 'WITHDRAWN');
CREATE INDEX ix_applications_open_due_at ON applications (due_at, id, status, paused_since) WHERE status NOT IN
    ('DELIVERED', 'DRAFT', 'REJECTED', 'RETURNED_AS_INCOMPLETE', 'WITHDRAWN');
CREATE INDEX ix_applications_status_due_at ON applications (status, due_at);

CREATE TABLE assistances (
    id {key} NOT NULL, operator_id {key} NOT NULL, session_id {key} NOT NULL, centre_code {key} NOT NULL,
    citizen_id {key}, way {key} NOT NULL, strength {key} NOT NULL, service_code {key}, minutes INTEGER NOT NULL,
    applicant {bytes} NOT NULL, relative_id {key}, paper_sha256 {key}, state {key} NOT NULL,
    asked_at {instant} NOT NULL, given_at {instant}, until {instant}, ended_at {instant},
    CONSTRAINT pk_assistances PRIMARY KEY (id),
    CONSTRAINT fk_assistances_operator_id_operators FOREIGN KEY(operator_id) REFERENCES operators (operator_id),
    CONSTRAINT fk_assistances_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_assistances_citizen_id_asked_at ON assistances (citizen_id, asked_at);
CREATE INDEX ix_assistances_operator_id_asked_at ON assistances (operator_id, asked_at);
CREATE INDEX ix_assistances_session_id_state ON assistances (session_id, state);

CREATE TABLE audit_chain (
    sequence {number} NOT NULL, line_id {number} NOT NULL, link TEXT NOT NULL, sealed_at {instant} NOT NULL,
    CONSTRAINT pk_audit_chain PRIMARY KEY (sequence), CONSTRAINT uq_audit_chain_line_id UNIQUE (line_id),
    CONSTRAINT fk_audit_chain_line_id_audit_lines FOREIGN KEY(line_id) REFERENCES audit_lines (id)
);

CREATE TABLE camp_duties (
    operator_id {key} NOT NULL, centre_code {key} NOT NULL,
    CONSTRAINT pk_camp_duties PRIMARY KEY (operator_id, centre_code),
    CONSTRAINT fk_camp_duties_operator_id_operators FOREIGN KEY(operator_id) REFERENCES operators (operator_id),
    CONSTRAINT fk_camp_duties_centre_code_centres FOREIGN KEY(centre_code) REFERENCES centres (code)
);

CREATE TABLE citizen_contacts (
    citizen_id {key} NOT NULL, mobile_index {key}, CONSTRAINT pk_citizen_contacts PRIMARY KEY (citizen_id),
    CONSTRAINT fk_citizen_contacts_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_citizen_contacts_mobile_index ON citizen_contacts (mobile_index);

CREATE TABLE consent_deletions (
    id {key} NOT NULL, citizen_id {key} NOT NULL, sequence INTEGER NOT NULL, link {key} NOT NULL, at {instant} NOT NULL,
    CONSTRAINT pk_consent_deletions PRIMARY KEY (id),
    CONSTRAINT uq_consent_deletions_citizen_id_sequence UNIQUE (citizen_id, sequence),
    CONSTRAINT fk_consent_deletions_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);

CREATE TABLE consent_records (
    id {key} NOT NULL, citizen_id {key} NOT NULL, sequence INTEGER NOT NULL, consent_id {key} NOT NULL,
    step {key} NOT NULL, purpose {key} NOT NULL, source {key} NOT NULL, scope TEXT NOT NULL, until {instant},
    at {instant} NOT NULL, actor {key} NOT NULL, role {key} NOT NULL, notice_hash {key} NOT NULL,
    artefact {bytes} NOT NULL, artefact_hash {key} NOT NULL, link {key} NOT NULL,
    CONSTRAINT pk_consent_records PRIMARY KEY (id),
    CONSTRAINT uq_consent_records_citizen_id_sequence UNIQUE (citizen_id, sequence),
    CONSTRAINT fk_consent_records_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_consent_records_step_at ON consent_records (step, at);

CREATE TABLE data_accesses (
    id {serial} CONSTRAINT pk_data_accesses PRIMARY KEY, citizen_id {key} NOT NULL, subject {key} NOT NULL,
    role {key} NOT NULL, object_kind {key} NOT NULL, object_id {key}, purpose {key} NOT NULL, source {key},
    at {instant} NOT NULL,
    CONSTRAINT fk_data_accesses_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_data_accesses_citizen_id_at ON data_accesses (citizen_id, at);

CREATE TABLE department_documents (
    id {key} NOT NULL, citizen_id {key} NOT NULL, publisher {key} NOT NULL, doctype {key} NOT NULL, name_hi TEXT,
    name_en TEXT NOT NULL, parameters {bytes} NOT NULL, consent {bytes} NOT NULL, valid_until {instant},
    CONSTRAINT pk_department_documents PRIMARY KEY (id), CONSTRAINT fk_department_documents_citizen_id_citizens FOREIGN
    KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_department_documents_citizen_id ON department_documents (citizen_id);

CREATE TABLE doorstep_agents (
    operator_id {key} NOT NULL, district {key} NOT NULL, tehsil {key}, since {instant} NOT NULL,
    CONSTRAINT pk_doorstep_agents PRIMARY KEY (operator_id), CONSTRAINT fk_doorstep_agents_operator_id_operators FOREIGN
    KEY(operator_id) REFERENCES operators (operator_id)
);
CREATE INDEX ix_doorstep_agents_district_tehsil ON doorstep_agents (district, tehsil);

CREATE TABLE fee_scroll_lines (
    scrolled_on DATE NOT NULL, line INTEGER NOT NULL, grn {key} NOT NULL, cin {key} NOT NULL, reference {key} NOT NULL,
    head {key} NOT NULL, amount_paise BIGINT NOT NULL, status {key} NOT NULL,
    CONSTRAINT pk_fee_scroll_lines PRIMARY KEY (scrolled_on, line), CONSTRAINT
    fk_fee_scroll_lines_scrolled_on_fee_scrolls FOREIGN KEY(scrolled_on) REFERENCES fee_scrolls (scrolled_on)
);
CREATE INDEX ix_fee_scroll_lines_reference ON fee_scroll_lines (reference);

CREATE TABLE finance_cases (
    id {key} NOT NULL, kind {key} NOT NULL, about {key} NOT NULL, open_key {key}, state {key} NOT NULL, expected TEXT,
    found TEXT, suggested_cause {key} NOT NULL, critical BOOLEAN NOT NULL, scheme_code {key}, department {key},
    district {key}, amount_paise BIGINT, instalment_id {key}, citizen_id {key}, found_at {instant} NOT NULL,
    last_found_at {instant} NOT NULL, times_found INTEGER NOT NULL, taken_by {key}, outcome {key}, proposed_by {key},
    settled_by {key}, settled_at {instant}, version INTEGER NOT NULL, CONSTRAINT pk_finance_cases PRIMARY KEY (id),
    CONSTRAINT uq_finance_cases_open_key UNIQUE (open_key),
    CONSTRAINT fk_finance_cases_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_finance_cases_citizen_id ON finance_cases (citizen_id);
CREATE INDEX ix_finance_cases_found_at_id ON finance_cases (found_at, id);
CREATE INDEX ix_finance_cases_instalment_id ON finance_cases (instalment_id);
CREATE INDEX ix_finance_cases_kind_about ON finance_cases (kind, about);
CREATE INDEX ix_finance_cases_state_found_at_id ON finance_cases (state, found_at, id);

CREATE TABLE holidays (
    version {key} NOT NULL, sequence SMALLINT NOT NULL, day DATE NOT NULL, name_hi TEXT, name_en TEXT NOT NULL,
    district {key}, verified BOOLEAN NOT NULL, CONSTRAINT pk_holidays PRIMARY KEY (version, sequence), CONSTRAINT
    fk_holidays_version_calendars FOREIGN KEY(version) REFERENCES calendars (version) ON DELETE CASCADE
);

CREATE TABLE leaves (
    id {key} NOT NULL, officer_id {key} NOT NULL, substitute_id {key}, from_on DATE NOT NULL, until_on DATE NOT NULL,
    recorded_by {key}, recorded_at {instant} NOT NULL, begun_at {instant}, ended_at {instant}, cancelled_at {instant},
    cancelled_by {key}, PRIMARY KEY (id), FOREIGN KEY(officer_id) REFERENCES officers (officer_id) ON DELETE CASCADE,
    FOREIGN KEY(substitute_id) REFERENCES officers (officer_id) ON DELETE CASCADE
);
CREATE INDEX ix_leaves_ended_at_from_on ON leaves (ended_at, from_on);
CREATE INDEX ix_leaves_officer_id_from_on ON leaves (officer_id, from_on);
CREATE INDEX ix_leaves_substitute_id_from_on ON leaves (substitute_id, from_on);

CREATE TABLE legacy_persons (
    person_index {key} NOT NULL, citizen_id {key} NOT NULL, born_index {key} NOT NULL,
    CONSTRAINT pk_legacy_persons PRIMARY KEY (person_index),
    CONSTRAINT fk_legacy_persons_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_legacy_persons_citizen_id ON legacy_persons (citizen_id);

CREATE TABLE locker_grants (
    citizen_id {key} NOT NULL, tokens {bytes} NOT NULL, expires_at {instant} NOT NULL, consent_until {instant},
    needs_consent BOOLEAN NOT NULL, version INTEGER NOT NULL, linked_at {instant} NOT NULL, last_used_at {instant},
    CONSTRAINT pk_locker_grants PRIMARY KEY (citizen_id),
    CONSTRAINT fk_locker_grants_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);

CREATE TABLE locker_orders (
    id {key} NOT NULL, citizen_id {key} NOT NULL, kind {key} NOT NULL, state {key} NOT NULL, asked {bytes} NOT NULL,
    uri {bytes}, code {key}, created_at {instant} NOT NULL, sent_at {instant}, settled_at {instant},
    CONSTRAINT pk_locker_orders PRIMARY KEY (id),
    CONSTRAINT fk_locker_orders_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_locker_orders_citizen_id_created_at ON locker_orders (citizen_id, created_at);

CREATE TABLE officer_accounts (
    email {key} NOT NULL, officer_id {key} NOT NULL, added_at {instant} NOT NULL,
    CONSTRAINT pk_officer_accounts PRIMARY KEY (email),
    CONSTRAINT fk_officer_accounts_officer_id_officers FOREIGN KEY(officer_id) REFERENCES officers (officer_id)
);
CREATE INDEX ix_officer_accounts_officer_id ON officer_accounts (officer_id);

CREATE TABLE operator_centres (
    operator_id {key} NOT NULL, centre_code {key} NOT NULL, email {key},
    CONSTRAINT pk_operator_centres PRIMARY KEY (operator_id), CONSTRAINT uq_operator_centres_email UNIQUE (email),
    CONSTRAINT fk_operator_centres_operator_id_operators FOREIGN KEY(operator_id) REFERENCES operators (operator_id),
    CONSTRAINT fk_operator_centres_centre_code_centres FOREIGN KEY(centre_code) REFERENCES centres (code)
);
CREATE INDEX ix_operator_centres_centre_code ON operator_centres (centre_code);

CREATE TABLE partial_uploads (
    id {key} NOT NULL, owner {key} NOT NULL, person_id {key} NOT NULL, citizen_id {key}, length INTEGER NOT NULL,
    received INTEGER NOT NULL, claimed {key}, document_key {key}, expected {key}, upload_id {key},
    created_at {instant} NOT NULL, touched_at {instant} NOT NULL, CONSTRAINT pk_partial_uploads PRIMARY KEY (id),
    CONSTRAINT fk_partial_uploads_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_partial_uploads_citizen_id ON partial_uploads (citizen_id);
CREATE INDEX ix_partial_uploads_owner ON partial_uploads (owner);
CREATE INDEX ix_partial_uploads_touched_at ON partial_uploads (touched_at);

CREATE TABLE payment_files (
    id {key} NOT NULL, direction {key} NOT NULL, kind {key} NOT NULL, name {key} NOT NULL, digest {key} NOT NULL,
    size BIGINT NOT NULL, state {key} NOT NULL, batch_id {key}, rows INTEGER NOT NULL, applied INTEGER NOT NULL,
    unknown INTEGER NOT NULL, reason {key}, detail TEXT, seen_at {instant} NOT NULL, settled_at {instant},
    CONSTRAINT pk_payment_files PRIMARY KEY (id),
    CONSTRAINT uq_payment_files_direction_kind_name_digest UNIQUE (direction, kind, name, digest),
    CONSTRAINT fk_payment_files_batch_id_payment_batches FOREIGN KEY(batch_id) REFERENCES payment_batches (id)
);
CREATE INDEX ix_payment_files_batch_id ON payment_files (batch_id);
CREATE INDEX ix_payment_files_name ON payment_files (name);
CREATE INDEX ix_payment_files_seen_at_id ON payment_files (seen_at, id);
CREATE INDEX ix_payment_files_state_seen_at ON payment_files (state, seen_at);

CREATE TABLE payment_sealed_files (
    batch_id {key} NOT NULL, content {bytes} NOT NULL, CONSTRAINT pk_payment_sealed_files PRIMARY KEY (batch_id),
    CONSTRAINT fk_payment_sealed_files_batch_id_payment_batches FOREIGN KEY(batch_id) REFERENCES payment_batches (id)
);

CREATE TABLE postings (
    officer_id {key} NOT NULL, sequence SMALLINT NOT NULL, role {key} NOT NULL, level {key}, department {key},
    district {key}, tehsil {key}, CONSTRAINT pk_postings PRIMARY KEY (officer_id, sequence), CONSTRAINT
    fk_postings_officer_id_officers FOREIGN KEY(officer_id) REFERENCES officers (officer_id) ON DELETE CASCADE
);
CREATE INDEX ix_postings_role_level_district ON postings (role, level, district);

CREATE TABLE quarantined_files (
    id {key} NOT NULL, owner {key} NOT NULL, person_id {key} NOT NULL, citizen_id {key}, digest {key} NOT NULL,
    media_type {key}, size INTEGER NOT NULL, found TEXT NOT NULL, infected {bytes} NOT NULL, at {instant} NOT NULL,
    CONSTRAINT pk_quarantined_files PRIMARY KEY (id),
    CONSTRAINT fk_quarantined_files_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_quarantined_files_at ON quarantined_files (at);
CREATE INDEX ix_quarantined_files_citizen_id ON quarantined_files (citizen_id);

CREATE TABLE record_claims (
    id {key} NOT NULL, citizen_id {key} NOT NULL, record_id {key}, application_id {key}, department {key},
    district {key}, tehsil {key}, way {key} NOT NULL, strength {key} NOT NULL, state {key} NOT NULL,
    asked_at {instant} NOT NULL, decided_at {instant}, decided_by {key}, reason {bytes},
    CONSTRAINT pk_record_claims PRIMARY KEY (id),
    CONSTRAINT fk_record_claims_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_record_claims_record_id_citizens FOREIGN KEY(record_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_record_claims_citizen_id_asked_at ON record_claims (citizen_id, asked_at);
CREATE INDEX ix_record_claims_record_id ON record_claims (record_id);
CREATE INDEX ix_record_claims_way_state_asked_at ON record_claims (way, state, asked_at);

CREATE TABLE relatives (
    id {key} NOT NULL, citizen_id {key} NOT NULL, personal {bytes} NOT NULL, registered_at {instant} NOT NULL,
    CONSTRAINT pk_relatives PRIMARY KEY (id),
    CONSTRAINT fk_relatives_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_relatives_citizen_id_registered_at ON relatives (citizen_id, registered_at);

CREATE TABLE rosters (
    id {key} NOT NULL, number {key} NOT NULL, centre_code {key} NOT NULL, kind {key} NOT NULL,
    service_code {key} NOT NULL, department {key}, district {key} NOT NULL, tehsil {key}, operator_id {key} NOT NULL,
    state {key} NOT NULL, version INTEGER NOT NULL, rounds INTEGER NOT NULL, created_at {instant} NOT NULL,
    filed_at {instant}, CONSTRAINT pk_rosters PRIMARY KEY (id), CONSTRAINT uq_rosters_number UNIQUE (number),
    CONSTRAINT fk_rosters_centre_code_centres FOREIGN KEY(centre_code) REFERENCES centres (code),
    CONSTRAINT fk_rosters_operator_id_operators FOREIGN KEY(operator_id) REFERENCES operators (operator_id)
);
CREATE INDEX ix_rosters_centre_code_id ON rosters (centre_code, id);
CREATE INDEX ix_rosters_district_id ON rosters (district, id);

CREATE TABLE saved_views (
    id {key} NOT NULL, officer_id {key} NOT NULL, name {key} NOT NULL, content TEXT NOT NULL,
    created_at {instant} NOT NULL, updated_at {instant} NOT NULL, CONSTRAINT pk_saved_views PRIMARY KEY (id),
    CONSTRAINT uq_saved_views_officer_id_name UNIQUE (officer_id, name),
    CONSTRAINT fk_saved_views_officer_id_officers FOREIGN KEY(officer_id) REFERENCES officers (officer_id)
);

CREATE TABLE sent_codes (
    id {key} NOT NULL, kind {key} NOT NULL, about {key} NOT NULL, citizen_id {key}, sent {bytes} NOT NULL,
    code_hash {key} NOT NULL, tries INTEGER NOT NULL, expires_at {instant} NOT NULL, used_at {instant},
    CONSTRAINT pk_sent_codes PRIMARY KEY (id),
    CONSTRAINT fk_sent_codes_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_sent_codes_citizen_id ON sent_codes (citizen_id);
CREATE INDEX ix_sent_codes_expires_at ON sent_codes (expires_at);
CREATE INDEX ix_sent_codes_kind_about ON sent_codes (kind, about);

CREATE TABLE service_forms (
    service_code {key} NOT NULL, form {key} NOT NULL, version {key} NOT NULL, since {instant} NOT NULL,
    CONSTRAINT pk_service_forms PRIMARY KEY (service_code),
    CONSTRAINT fk_service_forms_version_form_versions FOREIGN KEY(version) REFERENCES form_versions (version)
);

CREATE TABLE session_devices (
    session_id {key} NOT NULL, client {key} NOT NULL, platform {key} NOT NULL, seed {bytes} NOT NULL,
    generation INTEGER NOT NULL, refreshes_until {instant} NOT NULL, last_used_at {instant} NOT NULL, end_reason {key},
    CONSTRAINT pk_session_devices PRIMARY KEY (session_id), CONSTRAINT fk_session_devices_session_id_sessions FOREIGN
    KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
);

CREATE TABLE session_tokens (
    session_id {key} NOT NULL, tokens {bytes} NOT NULL, serves_locker BOOLEAN NOT NULL, until {instant} NOT NULL,
    CONSTRAINT pk_session_tokens PRIMARY KEY (session_id), CONSTRAINT fk_session_tokens_session_id_sessions FOREIGN
    KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
);

CREATE TABLE suggestions (
    id {key} NOT NULL, citizen_id {key}, officer_id {key}, service_code {key} NOT NULL, department {key},
    district {key}, tehsil {key}, text {bytes} NOT NULL, state {key} NOT NULL, reply {bytes}, replied_by {key},
    replied_at {instant}, version INTEGER NOT NULL, created_at {instant} NOT NULL, updated_at {instant} NOT NULL,
    CONSTRAINT pk_suggestions PRIMARY KEY (id),
    CONSTRAINT fk_suggestions_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_suggestions_officer_id_officers FOREIGN KEY(officer_id) REFERENCES officers (officer_id)
);
CREATE INDEX ix_suggestions_citizen_id_created_at_id ON suggestions (citizen_id, created_at, id);
CREATE INDEX ix_suggestions_department_state_created_at_id ON suggestions (department, state, created_at, id);
CREATE INDEX ix_suggestions_officer_id_created_at_id ON suggestions (officer_id, created_at, id);

CREATE TABLE transfers (
    id {key} NOT NULL, officer_id {key} NOT NULL, successor_id {key}, cover_id {key}, "left" TEXT NOT NULL,
    taken TEXT NOT NULL, recorded_by {key}, recorded_at {instant} NOT NULL, done_at {instant},
    moved_cases INTEGER NOT NULL, moved_appeals INTEGER NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY(officer_id) REFERENCES officers (officer_id) ON DELETE CASCADE
);
CREATE INDEX ix_transfers_done_at ON transfers (done_at);

CREATE TABLE umang_requests (
    record {key} NOT NULL, tracker {key} NOT NULL, operation {key} NOT NULL, srvid {key} NOT NULL,
    citizen_id {key} NOT NULL, body_hash {key} NOT NULL, answer {bytes}, code {key}, application_id {key},
    begun_at {instant} NOT NULL, CONSTRAINT pk_umang_requests PRIMARY KEY (record),
    CONSTRAINT fk_umang_requests_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_umang_requests_begun_at ON umang_requests (begun_at);
CREATE INDEX ix_umang_requests_citizen_id ON umang_requests (citizen_id);

CREATE TABLE uploads (
    id {key} NOT NULL, owner {key} NOT NULL, person_id {key} NOT NULL, citizen_id {key}, expected {key}, sha256 {key},
    media_type {key} NOT NULL, size INTEGER NOT NULL, created_at {instant} NOT NULL, used_at {instant},
    CONSTRAINT pk_uploads PRIMARY KEY (id),
    CONSTRAINT fk_uploads_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_uploads_citizen_id ON uploads (citizen_id);
CREATE INDEX ix_uploads_expected ON uploads (expected);
CREATE INDEX ix_uploads_owner_used_at ON uploads (owner, used_at);
CREATE INDEX ix_uploads_sha256 ON uploads (sha256);
CREATE INDEX ix_uploads_used_at_created_at ON uploads (used_at, created_at);

CREATE TABLE appeals (
    id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key} NOT NULL, number {key} NOT NULL,
    service_code {key} NOT NULL, department {key}, district {key} NOT NULL, tehsil {key}, level {key} NOT NULL,
    ground {key} NOT NULL, origin {key} NOT NULL, state {key} NOT NULL, version INTEGER NOT NULL,
    content {bytes} NOT NULL, received_at {instant} NOT NULL, due_at {instant}, breached_on DATE, limit_days INTEGER,
    limit_unit {key}, paused_days INTEGER NOT NULL, designated_id {key}, first_id {key}, second_id {key},
    authority_id {key}, vacant BOOLEAN NOT NULL, decide_by {instant}, next_at {instant}, decided_at {instant},
    decided_by {key}, direct_until DATE, previous_id {key}, PRIMARY KEY (id),
    CONSTRAINT uq_appeals_number UNIQUE (number),
    CONSTRAINT uq_appeals_application_id_level_ground UNIQUE (application_id, level, ground),
    FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_appeals_authority_id_state ON appeals (authority_id, state);
CREATE INDEX ix_appeals_citizen_id_received_at ON appeals (citizen_id, received_at);
CREATE INDEX ix_appeals_district_level_state_received_at ON appeals (district, level, state, received_at);
CREATE INDEX ix_appeals_state_next_at ON appeals (state, next_at);

CREATE TABLE application_documents (
    id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key} NOT NULL, "key" {key} NOT NULL,
    source {key} NOT NULL, reference {bytes} NOT NULL, sha256 {key}, attached_at {instant} NOT NULL,
    verified_at {instant}, CONSTRAINT pk_application_documents PRIMARY KEY (id), CONSTRAINT
    fk_application_documents_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), CONSTRAINT
    fk_application_documents_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_application_documents_application_id ON application_documents (application_id);

CREATE TABLE application_forms (
    application_id {key} NOT NULL, citizen_id {key} NOT NULL, version {key} NOT NULL, sources {bytes} NOT NULL,
    at {instant} NOT NULL, CONSTRAINT pk_application_forms PRIMARY KEY (application_id), CONSTRAINT
    fk_application_forms_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id),
    CONSTRAINT fk_application_forms_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_application_forms_version_form_versions FOREIGN KEY(version) REFERENCES form_versions (version)
);
CREATE INDEX ix_application_forms_citizen_id ON application_forms (citizen_id);

CREATE TABLE application_strengths (
    application_id {key} NOT NULL, assurance {key} NOT NULL, assisted BOOLEAN NOT NULL,
    CONSTRAINT pk_application_strengths PRIMARY KEY (application_id), CONSTRAINT
    fk_application_strengths_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id)
);

CREATE TABLE certificates (
    id {key} NOT NULL, citizen_id {key} NOT NULL, number {key} NOT NULL, application_id {key} NOT NULL,
    service_code {key} NOT NULL, department {key}, district {key} NOT NULL, doctype {key} NOT NULL, uri {key} NOT NULL,
    name_hi TEXT, name_en TEXT NOT NULL, holder {bytes} NOT NULL, issued_on DATE NOT NULL, valid_until DATE,
    status {key} NOT NULL, pdf_sha256 {key} NOT NULL, xml_sha256 {key} NOT NULL, issued_by {key},
    created_at {instant} NOT NULL, CONSTRAINT pk_certificates PRIMARY KEY (id),
    CONSTRAINT uq_certificates_number UNIQUE (number), CONSTRAINT uq_certificates_uri UNIQUE (uri),
    CONSTRAINT fk_certificates_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), CONSTRAINT
    fk_certificates_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_certificates_application_id ON certificates (application_id);
CREATE INDEX ix_certificates_citizen_id_created_at ON certificates (citizen_id, created_at);
CREATE INDEX ix_certificates_pdf_sha256 ON certificates (pdf_sha256);
CREATE UNIQUE INDEX uq_certificates_application_id_standing ON certificates (application_id) WHERE status <> 'CORRECTED';

CREATE TABLE claims (
    application_id {key} NOT NULL, citizen_id {key} NOT NULL, officer_id {key} NOT NULL, claimed_at {instant} NOT NULL,
    expires_at {instant} NOT NULL, PRIMARY KEY (application_id),
    FOREIGN KEY(application_id) REFERENCES applications (id), FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_claims_officer_id ON claims (officer_id);

CREATE TABLE clearances (
    id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key} NOT NULL, department {key} NOT NULL,
    district {key} NOT NULL, tehsil {key}, state {key} NOT NULL, question {bytes} NOT NULL, asked_by {key},
    asked_at {instant} NOT NULL, due_at {instant} NOT NULL, answer {bytes}, answered_by {key}, answered_at {instant},
    reminded_at {instant}, escalated_at {instant}, escalated_to {key}, PRIMARY KEY (id),
    FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_clearances_application_id ON clearances (application_id);
CREATE INDEX ix_clearances_department_district_state_due_at ON clearances (department, district, state, due_at);
CREATE INDEX ix_clearances_state_due_at ON clearances (state, due_at);

CREATE TABLE covered_cases (
    absence_id {key} NOT NULL, case_id {key} NOT NULL, kind {key} NOT NULL, citizen_id {key} NOT NULL,
    application_id {key} NOT NULL, holder_id {key}, since {instant} NOT NULL, over_at {instant},
    PRIMARY KEY (absence_id, case_id), FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_covered_cases_case_id ON covered_cases (case_id);
CREATE INDEX ix_covered_cases_over_at_absence_id ON covered_cases (over_at, absence_id);

CREATE TABLE delay_reasons (
    id {key} NOT NULL, application_id {key}, citizen_id {key}, month DATE NOT NULL, department {key}, district {key},
    tehsil {key}, cause {key} NOT NULL, text {bytes}, officer_id {key} NOT NULL, recorded_at {instant} NOT NULL,
    CONSTRAINT pk_delay_reasons PRIMARY KEY (id), CONSTRAINT fk_delay_reasons_application_id_applications FOREIGN
    KEY(application_id) REFERENCES applications (id),
    CONSTRAINT fk_delay_reasons_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_delay_reasons_application_id_recorded_at_id ON delay_reasons (application_id, recorded_at, id);
CREATE INDEX ix_delay_reasons_citizen_id ON delay_reasons (citizen_id);
CREATE INDEX ix_delay_reasons_recorded_at_id ON delay_reasons (recorded_at, id);

CREATE TABLE doorstep_visits (
    id {key} NOT NULL, application_id {key} NOT NULL, citizen_id {key} NOT NULL, purpose {key} NOT NULL,
    sequence SMALLINT NOT NULL, state {key} NOT NULL, slot_on DATE NOT NULL, slot_window {key} NOT NULL,
    agent_id {key} NOT NULL, department {key}, district {key} NOT NULL, tehsil {key}, fee_paise BIGINT,
    fee_receipt {key}, failure {key}, proof {key}, paper_sha256 {key}, witness {bytes}, otp {bytes}, otp_hash {key},
    otp_tries SMALLINT NOT NULL, otp_expires_at {instant}, version INTEGER NOT NULL, created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL, closed_at {instant}, CONSTRAINT pk_doorstep_visits PRIMARY KEY (id),
    CONSTRAINT uq_doorstep_visits_application_id_purpose_sequence UNIQUE (application_id, purpose, sequence), CONSTRAINT
    fk_doorstep_visits_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id),
    CONSTRAINT fk_doorstep_visits_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_doorstep_visits_agent_id_doorstep_agents FOREIGN KEY(agent_id) REFERENCES doorstep_agents
    (operator_id)
);
CREATE INDEX ix_doorstep_visits_agent_id_slot_on_id ON doorstep_visits (agent_id, slot_on, id);
CREATE INDEX ix_doorstep_visits_citizen_id ON doorstep_visits (citizen_id);
CREATE INDEX ix_doorstep_visits_state_slot_on ON doorstep_visits (state, slot_on);

CREATE TABLE escalations (
    id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key} NOT NULL, kind {key} NOT NULL, officer_id {key},
    above_id {key}, due_at {instant} NOT NULL, at {instant} NOT NULL, PRIMARY KEY (id),
    CONSTRAINT uq_escalations_application_id_kind_due_at UNIQUE (application_id, kind, due_at),
    FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), FOREIGN KEY(application_id) REFERENCES applications (id)
);

CREATE TABLE fee_orders (
    id {key} NOT NULL, number {key} NOT NULL, reference {key} NOT NULL, application_id {key} NOT NULL,
    citizen_id {key} NOT NULL, operator_id {key}, service_code {key} NOT NULL, department {key},
    district {key} NOT NULL, tehsil {key}, route {key} NOT NULL, state {key} NOT NULL, fee_paise BIGINT NOT NULL,
    charge_paise BIGINT NOT NULL, head {key} NOT NULL, charge_head {key}, created_at {instant} NOT NULL,
    due_at {instant}, asked_at {instant}, confirmed_at {instant}, grn {key}, challan_no {key}, cin {key},
    bank_reference {key}, mode {key}, paid_at {instant}, problem {key}, settled_at {instant}, scrolled_on DATE,
    refund_cause {key}, refund_reference {key}, refund_requested_at {instant}, refunded_at {instant},
    version INTEGER NOT NULL, updated_at {instant} NOT NULL, taken_paise BIGINT,
    CONSTRAINT pk_fee_orders PRIMARY KEY (id), CONSTRAINT uq_fee_orders_number UNIQUE (number),
    CONSTRAINT uq_fee_orders_reference UNIQUE (reference), CONSTRAINT uq_fee_orders_route_grn UNIQUE (route, grn),
    CONSTRAINT fk_fee_orders_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id),
    CONSTRAINT fk_fee_orders_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_fee_orders_application_id_created_at_id ON fee_orders (application_id, created_at, id);
CREATE INDEX ix_fee_orders_citizen_id_created_at_id ON fee_orders (citizen_id, created_at, id);
CREATE INDEX ix_fee_orders_due_at ON fee_orders (due_at);
CREATE INDEX ix_fee_orders_state_created_at_id ON fee_orders (state, created_at, id);
CREATE INDEX ix_fee_orders_unscrolled ON fee_orders (route, paid_at, id) WHERE scrolled_on IS NULL AND paid_at IS NOT
    NULL;
CREATE UNIQUE INDEX uq_fee_orders_one_open ON fee_orders (application_id) WHERE state IN ('CREATED', 'PENDING',
    'REDIRECTED');
CREATE UNIQUE INDEX uq_fee_orders_one_paid ON fee_orders (application_id) WHERE state = 'SUCCESS';

CREATE TABLE feedback (
    application_id {key} NOT NULL, citizen_id {key} NOT NULL, service_code {key} NOT NULL, department {key},
    district {key} NOT NULL, tehsil {key}, officer_id {key}, rating SMALLINT NOT NULL, text {bytes},
    created_at {instant} NOT NULL, updated_at {instant} NOT NULL, CONSTRAINT pk_feedback PRIMARY KEY (application_id),
    CONSTRAINT fk_feedback_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id),
    CONSTRAINT fk_feedback_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_feedback_citizen_id ON feedback (citizen_id);
CREATE INDEX ix_feedback_district_created_at ON feedback (district, created_at);

CREATE TABLE finance_case_events (
    id {key} NOT NULL, case_id {key} NOT NULL, citizen_id {key}, step {key} NOT NULL, "by" {key} NOT NULL,
    at {instant} NOT NULL, outcome {key}, note {bytes}, CONSTRAINT pk_finance_case_events PRIMARY KEY (id),
    CONSTRAINT fk_finance_case_events_case_id_finance_cases FOREIGN KEY(case_id) REFERENCES finance_cases (id),
    CONSTRAINT fk_finance_case_events_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_finance_case_events_case_id_id ON finance_case_events (case_id, id);
CREATE INDEX ix_finance_case_events_citizen_id ON finance_case_events (citizen_id);

CREATE TABLE grievances (
    id {key} NOT NULL, number {key} NOT NULL, application_id {key} NOT NULL, citizen_id {key} NOT NULL,
    service_code {key} NOT NULL, department {key}, district {key} NOT NULL, tehsil {key}, category {key} NOT NULL,
    text {bytes} NOT NULL, state {key} NOT NULL, escalated BOOLEAN NOT NULL, due_at {instant} NOT NULL,
    version INTEGER NOT NULL, created_at {instant} NOT NULL, updated_at {instant} NOT NULL, closed_at {instant},
    CONSTRAINT pk_grievances PRIMARY KEY (id), CONSTRAINT uq_grievances_number UNIQUE (number),
    CONSTRAINT fk_grievances_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id),
    CONSTRAINT fk_grievances_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_grievances_application_id ON grievances (application_id);
CREATE INDEX ix_grievances_citizen_id_created_at_id ON grievances (citizen_id, created_at, id);
CREATE INDEX ix_grievances_state_due_at_id ON grievances (state, due_at, id);

CREATE TABLE legacy_applications (
    application_id {key} NOT NULL, citizen_id {key} NOT NULL, import_id {key} NOT NULL, content_index {key} NOT NULL,
    steps INTEGER NOT NULL, held BOOLEAN NOT NULL, imported_at {instant} NOT NULL,
    CONSTRAINT pk_legacy_applications PRIMARY KEY (application_id), CONSTRAINT
    fk_legacy_applications_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id),
    CONSTRAINT fk_legacy_applications_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_legacy_applications_import_id_legacy_imports FOREIGN KEY(import_id) REFERENCES legacy_imports (id)
);
CREATE INDEX ix_legacy_applications_citizen_id ON legacy_applications (citizen_id);
CREATE INDEX ix_legacy_applications_held ON legacy_applications (application_id) WHERE held;

CREATE TABLE notices (
    id {key} NOT NULL, citizen_id {key} NOT NULL, kind {key} NOT NULL, topic {key} NOT NULL, topic_id {key} NOT NULL,
    application_id {key}, event_key {key} NOT NULL, params TEXT NOT NULL, created_at {instant} NOT NULL,
    read_at {instant}, CONSTRAINT pk_notices PRIMARY KEY (id), CONSTRAINT uq_notices_event_key UNIQUE (event_key),
    CONSTRAINT fk_notices_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_notices_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_notices_application_id ON notices (application_id);
CREATE INDEX ix_notices_citizen_id_created_at_id ON notices (citizen_id, created_at, id);
CREATE INDEX ix_notices_citizen_id_read_at_created_at ON notices (citizen_id, read_at, created_at);

CREATE TABLE outside_reads (
    id {serial} PRIMARY KEY, citizen_id {key} NOT NULL, application_id {key} NOT NULL, officer_id {key} NOT NULL,
    purpose {key} NOT NULL, at {instant} NOT NULL, FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_outside_reads_officer_id_at ON outside_reads (officer_id, at);

CREATE TABLE partial_upload_pieces (
    id {key} NOT NULL, partial_id {key} NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL,
    content {bytes} NOT NULL, CONSTRAINT pk_partial_upload_pieces PRIMARY KEY (id), CONSTRAINT
    fk_partial_upload_pieces_partial_id_partial_uploads FOREIGN KEY(partial_id) REFERENCES partial_uploads (id) ON
    DELETE CASCADE
);
CREATE UNIQUE INDEX uq_partial_upload_pieces_partial_id_start ON partial_upload_pieces (partial_id, start);

CREATE TABLE payment_answers (
    file_id {key} NOT NULL, content {bytes} NOT NULL, CONSTRAINT pk_payment_answers PRIMARY KEY (file_id),
    CONSTRAINT fk_payment_answers_file_id_payment_files FOREIGN KEY(file_id) REFERENCES payment_files (id)
);

CREATE TABLE roster_rows (
    id {key} NOT NULL, roster_id {key} NOT NULL, reference_index {key} NOT NULL, person_index {key},
    person {bytes} NOT NULL, state {key} NOT NULL, version INTEGER NOT NULL, consent_way {key}, consent_at {instant},
    consent_paper_sha256 {key}, citizen_id {key}, application_id {key}, problems TEXT, recipient {key}, proof {key},
    handed_over_at {instant}, handed_over_by {key}, receipt_sha256 {key}, added_at {instant} NOT NULL,
    added_by {key} NOT NULL, CONSTRAINT pk_roster_rows PRIMARY KEY (id),
    CONSTRAINT uq_roster_rows_roster_id_reference_index UNIQUE (roster_id, reference_index),
    CONSTRAINT fk_roster_rows_roster_id_rosters FOREIGN KEY(roster_id) REFERENCES rosters (id),
    CONSTRAINT fk_roster_rows_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), CONSTRAINT
    fk_roster_rows_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id),
    CONSTRAINT fk_roster_rows_added_by_operators FOREIGN KEY(added_by) REFERENCES operators (operator_id)
);
CREATE INDEX ix_roster_rows_application_id ON roster_rows (application_id);
CREATE INDEX ix_roster_rows_citizen_id ON roster_rows (citizen_id);
CREATE INDEX ix_roster_rows_person_index ON roster_rows (person_index);
CREATE INDEX ix_roster_rows_roster_id_id ON roster_rows (roster_id, id);
CREATE INDEX ix_roster_rows_state_added_at ON roster_rows (state, added_at);

CREATE TABLE sanctions (
    id {key} NOT NULL, citizen_id {key} NOT NULL, number {key} NOT NULL, application_id {key},
    scheme_code {key} NOT NULL, department {key}, district {key} NOT NULL, amount_paise BIGINT, period {key},
    bank_account_last4 {key}, sanctioned_at {instant} NOT NULL, next_due_on DATE, ended_on DATE, state {key},
    anchor_on DATE, terms INTEGER, certified_on DATE, reviewed_on DATE, reminded_on DATE, granted_by {key},
    budget {key}, budget_at {instant}, payee_gone_at {instant}, CONSTRAINT pk_sanctions PRIMARY KEY (id),
    CONSTRAINT uq_sanctions_number UNIQUE (number), CONSTRAINT uq_sanctions_application_id UNIQUE (application_id),
    CONSTRAINT fk_sanctions_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_sanctions_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_sanctions_citizen_id_sanctioned_at ON sanctions (citizen_id, sanctioned_at);
CREATE INDEX ix_sanctions_ended_on ON sanctions (ended_on, id) WHERE ended_on IS NOT NULL;
CREATE INDEX ix_sanctions_held_back ON sanctions (state, sanctioned_at, id) WHERE state NOT IN ('ACTIVE', 'ENDED');
CREATE INDEX ix_sanctions_next_due_on_period ON sanctions (next_due_on, period);
CREATE INDEX ix_sanctions_payee_there ON sanctions (payee_gone_at, ended_on, id) WHERE ended_on IS NOT NULL AND
    payee_gone_at IS NULL;
CREATE INDEX ix_sanctions_scheme_code_id ON sanctions (scheme_code, id);

CREATE TABLE second_opinions (
    id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key} NOT NULL, version INTEGER NOT NULL,
    state {key} NOT NULL, verdict {key} NOT NULL, ground {key}, reason {bytes}, documents TEXT NOT NULL,
    proposed_by {key} NOT NULL, proposed_at {instant} NOT NULL, answered_by {key}, answered_at {instant},
    answer_note {bytes}, PRIMARY KEY (id), FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_second_opinions_application_id_state ON second_opinions (application_id, state);
CREATE INDEX ix_second_opinions_waiting ON second_opinions (application_id, version, proposed_by) WHERE state =
    'PROPOSED';

CREATE TABLE timeline_entries (
    id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key} NOT NULL, sequence INTEGER NOT NULL,
    move {key} NOT NULL, status_before {key}, status_after {key} NOT NULL, actor_role {key} NOT NULL, actor_id {key},
    ground {key}, note {bytes}, at {instant} NOT NULL, documents TEXT, holder_id {key},
    CONSTRAINT pk_timeline_entries PRIMARY KEY (id),
    CONSTRAINT uq_timeline_entries_application_id_sequence UNIQUE (application_id, sequence),
    CONSTRAINT fk_timeline_entries_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_timeline_entries_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id)
);

CREATE TABLE upload_uses (
    upload_id {key} NOT NULL, object_kind {key} NOT NULL, object_id {key} NOT NULL, citizen_id {key},
    at {instant} NOT NULL, CONSTRAINT pk_upload_uses PRIMARY KEY (upload_id, object_kind, object_id),
    CONSTRAINT fk_upload_uses_upload_id_uploads FOREIGN KEY(upload_id) REFERENCES uploads (id),
    CONSTRAINT fk_upload_uses_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_upload_uses_citizen_id ON upload_uses (citizen_id);

CREATE TABLE vacancies (
    id {key} NOT NULL, transfer_id {key} NOT NULL, role {key} NOT NULL, level {key}, department {key}, district {key},
    tehsil {key}, former_id {key} NOT NULL, cover_id {key}, since {instant} NOT NULL, filled_by {key},
    filled_at {instant}, PRIMARY KEY (id), FOREIGN KEY(transfer_id) REFERENCES transfers (id) ON DELETE CASCADE
);
CREATE INDEX ix_vacancies_cover_id ON vacancies (cover_id);
CREATE INDEX ix_vacancies_filled_at_department_district ON vacancies (filled_at, department, district);

CREATE TABLE verifications (
    id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key} NOT NULL, officer_id {key},
    content {bytes} NOT NULL, photos TEXT NOT NULL, observed_at {instant} NOT NULL, reported_at {instant} NOT NULL,
    PRIMARY KEY (id), FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_verifications_application_id ON verifications (application_id);

CREATE TABLE appeal_awards (
    id {key} NOT NULL, citizen_id {key} NOT NULL, appeal_id {key} NOT NULL, kind {key} NOT NULL, officer_id {key},
    amount_paise BIGINT NOT NULL, reason {bytes} NOT NULL, section TEXT NOT NULL, ordered_by {key},
    ordered_at {instant} NOT NULL, state {key}, settled_on DATE, settlement {key}, PRIMARY KEY (id),
    CONSTRAINT uq_appeal_awards_appeal_id_kind UNIQUE (appeal_id, kind),
    FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), FOREIGN KEY(appeal_id) REFERENCES appeals (id)
);

CREATE TABLE appeal_events (
    id {key} NOT NULL, citizen_id {key} NOT NULL, appeal_id {key} NOT NULL, sequence INTEGER NOT NULL,
    move {key} NOT NULL, state_before {key}, state_after {key} NOT NULL, actor_role {key} NOT NULL, actor_id {key},
    note {bytes}, at {instant} NOT NULL, PRIMARY KEY (id),
    CONSTRAINT uq_appeal_events_appeal_id_sequence UNIQUE (appeal_id, sequence),
    FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), FOREIGN KEY(appeal_id) REFERENCES appeals (id)
);

CREATE TABLE appeal_hearings (
    id {key} NOT NULL, citizen_id {key} NOT NULL, appeal_id {key} NOT NULL, at {instant} NOT NULL, place TEXT NOT NULL,
    recorded_at {instant} NOT NULL, state {key}, reference {key}, fixed_at {instant}, PRIMARY KEY (id),
    FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), FOREIGN KEY(appeal_id) REFERENCES appeals (id)
);
CREATE INDEX ix_appeal_hearings_appeal_id ON appeal_hearings (appeal_id);
CREATE INDEX ix_appeal_hearings_at_id ON appeal_hearings (at, id);

CREATE TABLE certificate_endings (
    certificate_id {key} NOT NULL, status {key} NOT NULL, ground {key} NOT NULL, reason {bytes} NOT NULL,
    officer_id {key}, ended_at {instant} NOT NULL, successor_id {key},
    CONSTRAINT pk_certificate_endings PRIMARY KEY (certificate_id), CONSTRAINT
    fk_certificate_endings_certificate_id_certificates FOREIGN KEY(certificate_id) REFERENCES certificates (id),
    CONSTRAINT fk_certificate_endings_successor_id_certificates FOREIGN KEY(successor_id) REFERENCES certificates (id)
);
CREATE INDEX ix_certificate_endings_successor_id ON certificate_endings (successor_id);

CREATE TABLE commission_cases (
    appeal_id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key} NOT NULL, reference {key} NOT NULL,
    number {key}, filed_at {instant} NOT NULL, received_at {instant}, decide_by {instant}, bench {key}, bundle {key},
    bundle_octets INTEGER, bundle_sent_at {instant}, compared_at {instant},
    CONSTRAINT pk_commission_cases PRIMARY KEY (appeal_id), CONSTRAINT uq_commission_cases_reference UNIQUE (reference),
    CONSTRAINT uq_commission_cases_number UNIQUE (number),
    CONSTRAINT fk_commission_cases_appeal_id_appeals FOREIGN KEY(appeal_id) REFERENCES appeals (id),
    CONSTRAINT fk_commission_cases_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_commission_cases_application_id_applications FOREIGN KEY(application_id) REFERENCES applications (id)
);
CREATE INDEX ix_commission_cases_bundle ON commission_cases (bundle);
CREATE INDEX ix_commission_cases_citizen_id ON commission_cases (citizen_id);
CREATE INDEX ix_commission_cases_filed_at_appeal_id ON commission_cases (filed_at, appeal_id);

CREATE TABLE commission_messages (
    id {key} NOT NULL, citizen_id {key} NOT NULL, appeal_id {key} NOT NULL, word {key} NOT NULL, at {instant} NOT NULL,
    payload {bytes} NOT NULL, digest {key} NOT NULL, received_at {instant} NOT NULL, state {key} NOT NULL,
    answered {key} NOT NULL, code {key}, CONSTRAINT pk_commission_messages PRIMARY KEY (id), CONSTRAINT
    fk_commission_messages_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_commission_messages_appeal_id_appeals FOREIGN KEY(appeal_id) REFERENCES appeals (id)
);
CREATE INDEX ix_commission_messages_appeal_id_at ON commission_messages (appeal_id, at);
CREATE INDEX ix_commission_messages_citizen_id ON commission_messages (citizen_id);
CREATE INDEX ix_commission_messages_state_received_at ON commission_messages (state, received_at);

CREATE TABLE fee_messages (
    id {key} NOT NULL, order_id {key} NOT NULL, citizen_id {key} NOT NULL, sha256 {key} NOT NULL,
    content {bytes} NOT NULL, at {instant} NOT NULL, CONSTRAINT pk_fee_messages PRIMARY KEY (id),
    CONSTRAINT uq_fee_messages_order_id_sha256 UNIQUE (order_id, sha256),
    CONSTRAINT fk_fee_messages_order_id_fee_orders FOREIGN KEY(order_id) REFERENCES fee_orders (id),
    CONSTRAINT fk_fee_messages_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_fee_messages_citizen_id ON fee_messages (citizen_id);

CREATE TABLE grievance_replies (
    id {key} NOT NULL, grievance_id {key} NOT NULL, officer_id {key} NOT NULL, text {bytes} NOT NULL,
    at {instant} NOT NULL, CONSTRAINT pk_grievance_replies PRIMARY KEY (id),
    CONSTRAINT fk_grievance_replies_grievance_id_grievances FOREIGN KEY(grievance_id) REFERENCES grievances (id)
);
CREATE INDEX ix_grievance_replies_grievance_id_at ON grievance_replies (grievance_id, at);

CREATE TABLE instalments (
    id {key} NOT NULL, citizen_id {key} NOT NULL, sanction_id {key} NOT NULL, sequence INTEGER NOT NULL,
    period_from DATE NOT NULL, period_to DATE NOT NULL, amount_paise BIGINT NOT NULL, bill_number {key} NOT NULL,
    end_to_end_id {key} NOT NULL, status {key} NOT NULL, status_at {instant} NOT NULL, rail {key}, kind {key},
    reissue_of {key}, hold {key}, deducted_paise BIGINT, CONSTRAINT pk_instalments PRIMARY KEY (id),
    CONSTRAINT uq_instalments_sanction_id_sequence UNIQUE (sanction_id, sequence),
    CONSTRAINT uq_instalments_bill_number UNIQUE (bill_number),
    CONSTRAINT uq_instalments_end_to_end_id UNIQUE (end_to_end_id),
    CONSTRAINT fk_instalments_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_instalments_sanction_id_sanctions FOREIGN KEY(sanction_id) REFERENCES sanctions (id)
);
CREATE INDEX ix_instalments_held ON instalments (id) WHERE hold IS NOT NULL;
CREATE INDEX ix_instalments_status_status_at ON instalments (status, status_at);
CREATE INDEX ix_instalments_to_send ON instalments (sanction_id, sequence) WHERE rail = 'PFMS' AND hold IS NULL AND
    status IN ('SANCTIONED', 'BENEFICIARY_PENDING', 'BENEFICIARY_REJECTED');
CREATE UNIQUE INDEX uq_instalments_reissue_of ON instalments (reissue_of);
CREATE UNIQUE INDEX uq_instalments_sanction_id_period_from ON instalments (sanction_id, period_from) WHERE reissue_of IS
    NULL;

CREATE TABLE life_certificates (
    id {key} NOT NULL, citizen_id {key} NOT NULL, sanction_id {key} NOT NULL, given_on DATE NOT NULL,
    proof {key} NOT NULL, taken_by {key} NOT NULL, at {instant} NOT NULL,
    CONSTRAINT pk_life_certificates PRIMARY KEY (id),
    CONSTRAINT uq_life_certificates_sanction_id_given_on UNIQUE (sanction_id, given_on),
    CONSTRAINT fk_life_certificates_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_life_certificates_sanction_id_sanctions FOREIGN KEY(sanction_id) REFERENCES sanctions (id)
);
CREATE INDEX ix_life_certificates_citizen_id ON life_certificates (citizen_id);

CREATE TABLE locker_copies (
    certificate_id {key} NOT NULL, citizen_id {key} NOT NULL, locker {bytes} NOT NULL, via {key} NOT NULL,
    placed_at {instant} NOT NULL, removed_at {instant}, CONSTRAINT pk_locker_copies PRIMARY KEY (certificate_id),
    CONSTRAINT fk_locker_copies_certificate_id_certificates FOREIGN KEY(certificate_id) REFERENCES certificates (id),
    CONSTRAINT fk_locker_copies_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_locker_copies_citizen_id ON locker_copies (citizen_id);

CREATE TABLE payment_accounts (
    sanction_id {key} NOT NULL, citizen_id {key} NOT NULL, account {bytes} NOT NULL, strength {key} NOT NULL,
    corrected_at {instant} NOT NULL, CONSTRAINT pk_payment_accounts PRIMARY KEY (sanction_id),
    CONSTRAINT fk_payment_accounts_sanction_id_sanctions FOREIGN KEY(sanction_id) REFERENCES sanctions (id),
    CONSTRAINT fk_payment_accounts_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_payment_accounts_citizen_id ON payment_accounts (citizen_id);

CREATE TABLE payment_approvals (
    id {key} NOT NULL, citizen_id {key} NOT NULL, sanction_id {key} NOT NULL, kind {key} NOT NULL,
    subject_id {key} NOT NULL, amount_paise BIGINT NOT NULL, wanted TEXT NOT NULL, asked_by {key} NOT NULL,
    asked_at {instant} NOT NULL, decided_by {key}, decided_at {instant}, approved BOOLEAN,
    CONSTRAINT pk_payment_approvals PRIMARY KEY (id),
    CONSTRAINT fk_payment_approvals_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_payment_approvals_sanction_id_sanctions FOREIGN KEY(sanction_id) REFERENCES sanctions (id)
);
CREATE INDEX ix_payment_approvals_citizen_id ON payment_approvals (citizen_id);
CREATE INDEX ix_payment_approvals_sanction_id_asked_at ON payment_approvals (sanction_id, asked_at);
CREATE UNIQUE INDEX uq_payment_approvals_waiting ON payment_approvals (kind, subject_id) WHERE decided_at IS NULL;

CREATE TABLE payment_beneficiaries (
    id {key} NOT NULL, citizen_id {key} NOT NULL, sanction_id {key} NOT NULL, scheme_code {key} NOT NULL,
    agency {key} NOT NULL, method {key} NOT NULL, version INTEGER NOT NULL, account_id {key} NOT NULL,
    state {key} NOT NULL, state_at {instant} NOT NULL, cpsms_id {key}, codes TEXT, created_at {instant} NOT NULL,
    CONSTRAINT pk_payment_beneficiaries PRIMARY KEY (id),
    CONSTRAINT uq_payment_beneficiaries_sanction_id UNIQUE (sanction_id), CONSTRAINT
    fk_payment_beneficiaries_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_payment_beneficiaries_sanction_id_sanctions FOREIGN KEY(sanction_id) REFERENCES sanctions (id)
);
CREATE INDEX ix_payment_beneficiaries_citizen_id ON payment_beneficiaries (citizen_id);
CREATE INDEX ix_payment_beneficiaries_declined ON payment_beneficiaries (state, state_at, id) WHERE codes IS NOT NULL;
CREATE INDEX ix_payment_beneficiaries_state_scheme_code_agency_method_id ON payment_beneficiaries (state, scheme_code,
    agency, method, id);
CREATE INDEX ix_payment_beneficiaries_state_state_at ON payment_beneficiaries (state, state_at, id);

CREATE TABLE recoveries (
    id {key} NOT NULL, citizen_id {key} NOT NULL, sanction_id {key} NOT NULL, number INTEGER NOT NULL,
    amount_paise BIGINT NOT NULL, recovered_paise BIGINT NOT NULL, ground {key} NOT NULL, way {key} NOT NULL,
    state {key} NOT NULL, made_by {key} NOT NULL, made_at {instant} NOT NULL, CONSTRAINT pk_recoveries PRIMARY KEY (id),
    CONSTRAINT uq_recoveries_sanction_id_number UNIQUE (sanction_id, number),
    CONSTRAINT fk_recoveries_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_recoveries_sanction_id_sanctions FOREIGN KEY(sanction_id) REFERENCES sanctions (id)
);
CREATE INDEX ix_recoveries_citizen_id ON recoveries (citizen_id);

CREATE TABLE sanction_stops (
    id {key} NOT NULL, citizen_id {key} NOT NULL, sanction_id {key} NOT NULL, kind {key} NOT NULL,
    ground {key} NOT NULL, from_on DATE NOT NULL, made_by {key} NOT NULL, made_at {instant} NOT NULL, lifted_by {key},
    lifted_at {instant}, lift_ground {key}, unpaid_until DATE, CONSTRAINT pk_sanction_stops PRIMARY KEY (id),
    CONSTRAINT fk_sanction_stops_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_sanction_stops_sanction_id_sanctions FOREIGN KEY(sanction_id) REFERENCES sanctions (id)
);
CREATE INDEX ix_sanction_stops_citizen_id ON sanction_stops (citizen_id);
CREATE INDEX ix_sanction_stops_sanction_id_made_at ON sanction_stops (sanction_id, made_at);
CREATE UNIQUE INDEX uq_sanction_stops_open ON sanction_stops (sanction_id, kind) WHERE lifted_at IS NULL;

CREATE TABLE beneficiary_accounts (
    id {key} NOT NULL, citizen_id {key} NOT NULL, beneficiary_id {key} NOT NULL, version INTEGER NOT NULL,
    details {bytes} NOT NULL, created_at {instant} NOT NULL, CONSTRAINT pk_beneficiary_accounts PRIMARY KEY (id),
    CONSTRAINT uq_beneficiary_accounts_beneficiary_id_version UNIQUE (beneficiary_id, version), CONSTRAINT
    fk_beneficiary_accounts_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id), CONSTRAINT
    fk_beneficiary_accounts_beneficiary_id_payment_beneficiaries FOREIGN KEY(beneficiary_id) REFERENCES
    payment_beneficiaries (id)
);
CREATE INDEX ix_beneficiary_accounts_citizen_id ON beneficiary_accounts (citizen_id);

CREATE TABLE budget_holds (
    instalment_id {key} NOT NULL, citizen_id {key} NOT NULL, head_of_account {key} NOT NULL,
    amount_paise BIGINT NOT NULL, held_at {instant} NOT NULL, released_at {instant},
    CONSTRAINT pk_budget_holds PRIMARY KEY (instalment_id),
    CONSTRAINT fk_budget_holds_instalment_id_instalments FOREIGN KEY(instalment_id) REFERENCES instalments (id),
    CONSTRAINT fk_budget_holds_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_budget_holds_citizen_id ON budget_holds (citizen_id);
CREATE INDEX ix_budget_holds_head_of_account_released_at ON budget_holds (head_of_account, released_at);

CREATE TABLE payment_events (
    id {serial} CONSTRAINT pk_payment_events PRIMARY KEY, citizen_id {key} NOT NULL, instalment_id {key} NOT NULL,
    status {key} NOT NULL, at {instant} NOT NULL, heard_at {instant}, return_code {key}, utr_last4 {key}, rail {key},
    source_ref {key},
    CONSTRAINT fk_payment_events_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_payment_events_instalment_id_instalments FOREIGN KEY(instalment_id) REFERENCES instalments (id)
);
CREATE INDEX ix_payment_events_instalment_id ON payment_events (instalment_id);

CREATE TABLE recovery_parts (
    id {serial} CONSTRAINT pk_recovery_parts PRIMARY KEY, citizen_id {key} NOT NULL, recovery_id {key} NOT NULL,
    reference {key} NOT NULL, amount_paise BIGINT NOT NULL, at {instant} NOT NULL,
    CONSTRAINT uq_recovery_parts_recovery_id_reference UNIQUE (recovery_id, reference),
    CONSTRAINT fk_recovery_parts_citizen_id_citizens FOREIGN KEY(citizen_id) REFERENCES citizens (citizen_id),
    CONSTRAINT fk_recovery_parts_recovery_id_recoveries FOREIGN KEY(recovery_id) REFERENCES recoveries (id)
);
CREATE INDEX ix_recovery_parts_citizen_id ON recovery_parts (citizen_id);

CREATE TABLE payment_lines (
    batch_id {key} NOT NULL, position INTEGER NOT NULL, instalment_id {key} NOT NULL, end_to_end_id {key} NOT NULL,
    beneficiary_id {key} NOT NULL, account_id {key} NOT NULL, amount_paise BIGINT NOT NULL, state {key} NOT NULL,
    state_at {instant} NOT NULL, codes TEXT, utr_digest {key}, utr_last4 {key}, value_on DATE,
    CONSTRAINT pk_payment_lines PRIMARY KEY (batch_id, position),
    CONSTRAINT fk_payment_lines_batch_id_payment_batches FOREIGN KEY(batch_id) REFERENCES payment_batches (id),
    CONSTRAINT fk_payment_lines_instalment_id_instalments FOREIGN KEY(instalment_id) REFERENCES instalments (id),
    CONSTRAINT fk_payment_lines_beneficiary_id_payment_beneficiaries FOREIGN KEY(beneficiary_id) REFERENCES
    payment_beneficiaries (id), CONSTRAINT fk_payment_lines_account_id_beneficiary_accounts FOREIGN KEY(account_id)
    REFERENCES beneficiary_accounts (id)
);
CREATE INDEX ix_payment_lines_released ON payment_lines (end_to_end_id, state_at) WHERE state = 'RELEASED';
CREATE INDEX ix_payment_lines_state_state_at ON payment_lines (state, state_at);
CREATE INDEX ix_payment_lines_utr_digest ON payment_lines (utr_digest);
CREATE UNIQUE INDEX uq_payment_lines_living_end_to_end_id ON payment_lines (end_to_end_id) WHERE state <> 'RELEASED';
CREATE UNIQUE INDEX uq_payment_lines_living_instalment_id ON payment_lines (instalment_id) WHERE state <> 'RELEASED';

CREATE TABLE registration_lines (
    batch_id {key} NOT NULL, position INTEGER NOT NULL, beneficiary_id {key} NOT NULL, account_id {key} NOT NULL,
    purpose {key} NOT NULL, cpsms_id {key}, state {key} NOT NULL, state_at {instant} NOT NULL, codes TEXT,
    CONSTRAINT pk_registration_lines PRIMARY KEY (batch_id, position), CONSTRAINT
    fk_registration_lines_batch_id_payment_batches FOREIGN KEY(batch_id) REFERENCES payment_batches (id), CONSTRAINT
    fk_registration_lines_beneficiary_id_payment_beneficiaries FOREIGN KEY(beneficiary_id) REFERENCES
    payment_beneficiaries (id), CONSTRAINT fk_registration_lines_account_id_beneficiary_accounts FOREIGN KEY(account_id)
    REFERENCES beneficiary_accounts (id)
);
CREATE INDEX ix_registration_lines_beneficiary_id ON registration_lines (beneficiary_id);
