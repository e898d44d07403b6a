"""Actions about outbox, switches, alarms, client policy and the change feed."""
