"""Types and rules for certificates that the state issues."""
