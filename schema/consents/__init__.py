"""The part of the graph about consents."""
