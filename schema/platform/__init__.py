"""The part of the graph about outbox, switches, alarms, client policy and the change feed."""
