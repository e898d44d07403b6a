"""Words and rules about applications."""
