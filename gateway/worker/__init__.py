"""The worker process: its jobs, the outbox, and the work of the elected leader."""
