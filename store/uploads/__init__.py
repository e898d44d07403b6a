"""Tables and queries about uploaded files."""
