-- Adds the versions of the files by which departments' systems join.
CREATE TABLE connector_versions (
    id {key} NOT NULL, name {key} NOT NULL, version INTEGER NOT NULL, department {key}, content TEXT NOT NULL,
    sha256 {key} NOT NULL, state {key} NOT NULL, proposed_by {key} NOT NULL, proposed_at {instant} NOT NULL,
    answered_by {key}, answered_at {instant}, withdrawn_by {key}, withdrawn_at {instant}, PRIMARY KEY (id),
    CONSTRAINT uq_connector_versions_name_version UNIQUE (name, version)
);
CREATE INDEX ix_connector_versions_state_name ON connector_versions (state, name);
CREATE INDEX ix_connector_versions_proposed_at ON connector_versions (proposed_at);

-- Adds what these systems were sent and answered, and the ids of their notices.
CREATE TABLE department_cases (
    id {key} NOT NULL, citizen_id {key} NOT NULL, application_id {key}, clearance_id {key}, system {key} NOT NULL,
    call {key} NOT NULL, kind {key} NOT NULL, state {key} NOT NULL, created_at {instant} NOT NULL, status {key},
    tried_at {instant}, as_of {instant}, next_at {instant}, ends_at {instant}, polls INTEGER NOT NULL, problem {key},
    content {bytes} NOT NULL, number_index {key}, PRIMARY KEY (id),
    FOREIGN KEY (citizen_id) REFERENCES citizens (citizen_id),
    FOREIGN KEY (application_id) REFERENCES applications (id)
);
CREATE INDEX ix_department_cases_citizen_id_created_at ON department_cases (citizen_id, created_at);
CREATE INDEX ix_department_cases_application_id ON department_cases (application_id);
CREATE UNIQUE INDEX ix_department_cases_clearance_id ON department_cases (clearance_id);
CREATE INDEX ix_department_cases_system_number_index ON department_cases (system, number_index);
CREATE INDEX ix_department_cases_next_at ON department_cases (next_at);
CREATE INDEX ix_department_cases_state ON department_cases (state);
CREATE TABLE connector_events (
    system {key} NOT NULL, event {key} NOT NULL, at {instant} NOT NULL, PRIMARY KEY (system, event)
);
CREATE INDEX ix_connector_events_at ON connector_events (at);
