"""Actions about applications."""
