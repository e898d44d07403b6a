"""Actions about certificates that the state issues."""
