"""Words and rules about certificates that the state issues."""
