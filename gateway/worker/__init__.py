"""The worker process: its jobs, the outbox, and what one leader among all workers does."""
