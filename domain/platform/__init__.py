"""Types and rules for the outbox, switches, alarms, client policy and the change feed."""
