"""Types and rules for fees."""
