"""Words and rules about consents."""
