"""Tables and queries about fees."""
