"""Types and rules for uploaded files."""
