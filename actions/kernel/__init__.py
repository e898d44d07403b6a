"""What every action stands on: unit of work, access, idempotency, transitions."""
