-- Marks times of payment that are those of hearing, and has wallet orders that ended unpaid asked about once more.
ALTER TABLE fee_orders ADD COLUMN paid_at_heard BOOLEAN;
UPDATE fee_orders SET due_at = settled_at
    WHERE route = 'CSC_WALLET' AND state IN ('EXPIRED', 'FAILED') AND due_at IS NULL;

-- The end of the legal clock and the days left in a pause. Due dates stay: one that was shown is never moved later.
ALTER TABLE applications ADD COLUMN paused_left INTEGER;
ALTER TABLE applications ADD COLUMN clock_ended_at {instant};
UPDATE applications SET clock_ended_at = (
    SELECT max(at) FROM timeline_entries
    WHERE application_id = applications.id AND move IN ('ISSUE_CERTIFICATE', 'SANCTION_BENEFIT')
)
WHERE status IN ('CERTIFICATE_ISSUED', 'BENEFIT_SANCTIONED') OR (status = 'DELIVERED' AND delivered_at > due_at);
DROP INDEX ix_applications_ended_late;

-- The device that takes a pack, how far its signed decisions have come in, and when a decision was signed.
ALTER TABLE queue_packs ADD COLUMN device_key TEXT;
ALTER TABLE queue_packs ADD COLUMN device_ahead_ms INTEGER;
ALTER TABLE queue_packs ADD COLUMN chain {key};
ALTER TABLE queue_packs ADD COLUMN chained_at {instant};
ALTER TABLE applications ADD COLUMN signed_at {instant};

-- The kind and the source of a holiday; what an earlier release wrote has neither, and is read by its district.
ALTER TABLE holidays ADD COLUMN kind {key};
ALTER TABLE holidays ADD COLUMN source TEXT;

-- Adds which account an order to the treasury was sent with, and what the treasury has said of it so far.
ALTER TABLE instalments ADD COLUMN account_sent INTEGER;
ALTER TABLE payment_enquiries ADD COLUMN reached TEXT;

-- Adds the due date by the newest list of holidays, by which an officer's lateness is measured, and indexes by it.
ALTER TABLE applications ADD COLUMN lawful_due_at {instant};
CREATE INDEX ix_applications_lawfully_late ON applications (updated_at, id)
    WHERE status IN ('DELIVERED', 'REJECTED', 'RETURNED_AS_INCOMPLETE')
    AND coalesce(clock_ended_at, delivered_at, decided_at) > coalesce(lawful_due_at, due_at);

-- Adds to transfers and leaves whether a second administrator has to confirm them, and who did.
ALTER TABLE leaves ADD COLUMN confirmation TEXT;
ALTER TABLE leaves ADD COLUMN confirmed_by TEXT;
ALTER TABLE transfers ADD COLUMN confirmation TEXT;
ALTER TABLE transfers ADD COLUMN confirmed_by TEXT;

-- Adds the papers drawn for districts to look at, when an order was confirmed, and further accounts that wait.
CREATE TABLE paper_checks (
    id {key} NOT NULL, drawn_at {instant} NOT NULL, officer_id {key}, seen_at {instant}, finding {key},
    answered_at {instant}, PRIMARY KEY (id), FOREIGN KEY (id) REFERENCES assistances (id)
);
ALTER TABLE leaves ADD COLUMN confirmed_at {instant};
ALTER TABLE transfers ADD COLUMN confirmed_at {instant};

-- Adds the one-time links by which officers' accounts are tied to the register.
CREATE TABLE invitations (
    id {key} NOT NULL, officer_id {key} NOT NULL, token {bytes} NOT NULL, made_by {key}, made_at {instant} NOT NULL,
    expires_at {instant} NOT NULL, used_at {instant}, PRIMARY KEY (id),
    FOREIGN KEY (officer_id) REFERENCES officers (officer_id) ON DELETE CASCADE
);
CREATE INDEX ix_invitations_officer_id ON invitations (officer_id);

-- Adds the kind of a service, where another body's is applied for, how long a document is valid, and facts' sources.
ALTER TABLE services ADD COLUMN kind {key};
ALTER TABLE services ADD COLUMN hand_over TEXT;
ALTER TABLE services ADD COLUMN validity_months INTEGER;
ALTER TABLE services ADD COLUMN fact_sources TEXT;

-- Adds the batches by which officers are entered, moved and retired, and their rows.
CREATE TABLE staff_batches (
    id {key} NOT NULL, source TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL, rows INTEGER NOT NULL,
    recorded_by TEXT NOT NULL, recorded_at {instant} NOT NULL, confirmed_by TEXT, confirmed_at {instant},
    PRIMARY KEY (id)
);
CREATE INDEX ix_staff_batches_digest ON staff_batches (digest);
CREATE TABLE staff_rows (
    batch_id {key} NOT NULL, line INTEGER NOT NULL, email {key} NOT NULL, cells TEXT NOT NULL, state {key} NOT NULL,
    officer_id {key}, reason {key}, PRIMARY KEY (batch_id, line),
    FOREIGN KEY (batch_id) REFERENCES staff_batches (id) ON DELETE CASCADE
);
CREATE INDEX ix_staff_rows_batch_id_state_line ON staff_rows (batch_id, state, line);

-- Adds the definitions of services, drafted and published, and the votes of committees on a proposed decision.
ALTER TABLE second_opinions ADD COLUMN agreed_by TEXT;
ALTER TABLE second_opinions ADD COLUMN against TEXT;
ALTER TABLE services ADD COLUMN definition TEXT;
CREATE TABLE service_drafts (
    id {key} NOT NULL, service_code {key} NOT NULL, department {key}, content TEXT NOT NULL,
    base_version INTEGER NOT NULL, state {key} NOT NULL, drafted_by {key} NOT NULL, drafted_at {instant} NOT NULL,
    publish_on DATE, confirmed_by {key}, confirmed_at {instant}, version INTEGER, PRIMARY KEY (id)
);
CREATE INDEX ix_service_drafts_service_code_drafted_at ON service_drafts (service_code, drafted_at);
CREATE INDEX ix_service_drafts_state_publish_on ON service_drafts (state, publish_on);

-- Adds the attempts at exercises of training.
CREATE TABLE training_attempts (
    id {key} NOT NULL, learner_id {key} NOT NULL, exercise {key} NOT NULL, department {key}, district {key} NOT NULL,
    tehsil {key}, link {key} NOT NULL, number {key}, case_id {key}, hints INTEGER NOT NULL,
    started_at {instant} NOT NULL, ended_at {instant}, PRIMARY KEY (id)
);
CREATE INDEX ix_training_attempts_learner_id_ended_at ON training_attempts (learner_id, ended_at);
CREATE INDEX ix_training_attempts_district_started_at_id ON training_attempts (district, started_at, id);

-- Adds to an application the certificate that it renews.
ALTER TABLE applications ADD COLUMN renews {key};

-- Adds the messages that carry notices by channel, and what citizens chose about them.
CREATE TABLE messages (
    id {serial} PRIMARY KEY, notice_id {key} NOT NULL, citizen_id {key} NOT NULL, kind {key} NOT NULL,
    channel {key} NOT NULL, state {key} NOT NULL, reason {key}, created_at {instant} NOT NULL,
    state_at {instant} NOT NULL, attempts INTEGER NOT NULL, looks INTEGER NOT NULL, template {key}, segments INTEGER,
    provider {key}, provider_id {key}, send_at {instant}, look_at {instant}, next_at {instant},
    CONSTRAINT uq_messages_notice_id_channel UNIQUE (notice_id, channel),
    FOREIGN KEY (citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_messages_citizen_id_channel_id ON messages (citizen_id, channel, id);
CREATE INDEX ix_messages_look_at ON messages (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX ix_messages_next_at ON messages (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE message_settings (
    citizen_id {key} NOT NULL, channels TEXT NOT NULL, quiet_from INTEGER NOT NULL, quiet_until INTEGER NOT NULL,
    chosen_at {instant} NOT NULL, PRIMARY KEY (citizen_id), FOREIGN KEY (citizen_id) REFERENCES citizens (citizen_id)
);
ALTER TABLE sent_codes ADD COLUMN given_to TEXT;
ALTER TABLE notices ADD COLUMN to_send BOOLEAN;

-- Adds the conversations with citizens on channels, and their lines.
CREATE TABLE conversations (
    id {key} NOT NULL, channel {key} NOT NULL, address {bytes} NOT NULL, citizen_id {key}, state {key} NOT NULL,
    engine {bytes} NOT NULL, heard_at {instant} NOT NULL, created_at {instant} NOT NULL, version INTEGER NOT NULL,
    handed_over_at {instant}, officer_id {key}, closed_at {instant}, address_index {key} NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY (citizen_id) REFERENCES citizens (citizen_id), FOREIGN KEY (officer_id) REFERENCES officers (officer_id)
);
CREATE UNIQUE INDEX uq_conversations_channel_address_index ON conversations (channel, address_index)
    WHERE state <> 'CLOSED';
CREATE INDEX ix_conversations_citizen_id ON conversations (citizen_id);
CREATE INDEX ix_conversations_state_handed_over_at_id ON conversations (state, handed_over_at, id);
CREATE INDEX ix_conversations_heard_at ON conversations (heard_at);
CREATE TABLE conversation_lines (
    id {key} NOT NULL, conversation_id {key} NOT NULL, author {key} NOT NULL, text {bytes} NOT NULL,
    at {instant} NOT NULL, provider_id {key}, extras {bytes}, officer_id {key}, state {key}, reason {key},
    send_at {instant}, PRIMARY KEY (id), CONSTRAINT uq_conversation_lines_provider_id UNIQUE (provider_id),
    FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE,
    FOREIGN KEY (officer_id) REFERENCES officers (officer_id)
);
CREATE INDEX ix_conversation_lines_conversation_id_at_id ON conversation_lines (conversation_id, at, id);
CREATE INDEX ix_conversation_lines_send_at ON conversation_lines (send_at) WHERE send_at IS NOT NULL;

-- Adds what messages cost on each day, and finds a message by its provider's name for it.
CREATE TABLE message_days (
    on_day DATE NOT NULL, channel {key} NOT NULL, messages BIGINT NOT NULL, cost BIGINT NOT NULL,
    PRIMARY KEY (on_day, channel)
);
CREATE INDEX ix_messages_provider_id ON messages (channel, provider_id) WHERE provider_id IS NOT NULL;

-- Adds the single services that a post is for.
ALTER TABLE postings ADD COLUMN services TEXT;
ALTER TABLE vacancies ADD COLUMN services TEXT;

-- Has urgent messages go first.
ALTER TABLE messages ADD COLUMN is_urgent BOOLEAN DEFAULT {false} NOT NULL;
CREATE INDEX ix_messages_send_at ON messages (channel, is_urgent, send_at) WHERE send_at IS NOT NULL;

-- Adds the texts of messages that administrators propose, confirm and publish.
CREATE TABLE text_proposals (
    id {key} NOT NULL, event {key} NOT NULL, document TEXT, state {key} NOT NULL, publish_on DATE NOT NULL,
    proposed_by {key} NOT NULL, proposed_at {instant} NOT NULL, confirmed_by {key}, confirmed_at {instant},
    PRIMARY KEY (id)
);
CREATE INDEX ix_text_proposals_state_publish_on ON text_proposals (state, publish_on);
CREATE INDEX ix_text_proposals_proposed_at ON text_proposals (proposed_at);

-- Adds the applications of which no SMS tells.
CREATE TABLE muted_applications (
    application_id {key} NOT NULL, muted_at {instant} NOT NULL, PRIMARY KEY (application_id),
    FOREIGN KEY (application_id) REFERENCES applications (id)
);

-- Has the messages of urgent notices made first.
CREATE INDEX ix_notices_to_send ON notices (to_send, created_at, id) WHERE to_send IS NOT NULL;

-- Adds what WhatsApp told us, and who agreed to messages there.
CREATE TABLE whatsapp_notices (
    key_hash {key} NOT NULL, sender_index {key}, content {bytes}, tries INTEGER NOT NULL, at {instant} NOT NULL,
    received_at {instant} NOT NULL, due_at {instant}, PRIMARY KEY (key_hash)
);
CREATE INDEX ix_whatsapp_notices_due_at ON whatsapp_notices (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_whatsapp_notices_sender_index ON whatsapp_notices (sender_index, at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_whatsapp_notices_received_at ON whatsapp_notices (received_at);
CREATE TABLE whatsapp_consents (
    citizen_id {key} NOT NULL, given BOOLEAN NOT NULL, at {instant} NOT NULL, words {key} NOT NULL,
    source {key} NOT NULL, assurance {key}, not_there_until {instant}, mobile_index {key} NOT NULL,
    PRIMARY KEY (citizen_id), FOREIGN KEY (citizen_id) REFERENCES citizens (citizen_id)
);
CREATE INDEX ix_whatsapp_consents_mobile_index ON whatsapp_consents (mobile_index);

-- Tells settings that a citizen chose from those of who has only stopped SMS or mails.
ALTER TABLE message_settings ADD COLUMN is_chosen BOOLEAN DEFAULT {true} NOT NULL;
