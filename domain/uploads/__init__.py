"""Words and rules about uploaded files."""
