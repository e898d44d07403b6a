"""The part of the graph about fees."""
