"""Actions about consents."""
