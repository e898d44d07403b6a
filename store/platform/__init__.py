"""Tables and queries about outbox, switches, alarms, client policy and the change feed."""
