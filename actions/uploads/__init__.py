"""Actions about uploaded files."""
