"""Tables and queries about consents."""
