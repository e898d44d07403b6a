"""Actions about fees."""
