"""Tables and queries about applications."""
