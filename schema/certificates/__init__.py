"""The part of the graph about certificates that the state issues."""
