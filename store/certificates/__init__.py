"""Tables and queries about certificates that the state issues."""
