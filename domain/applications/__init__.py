"""Types and rules for applications."""
