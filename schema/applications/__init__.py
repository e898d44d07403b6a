"""The part of the graph about applications."""
