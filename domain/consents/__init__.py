"""Types and rules for consents."""
