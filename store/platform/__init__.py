"""Tables and queries about the outbox, switches, alarms, client policy and the change feed."""
