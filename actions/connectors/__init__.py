"""Connectors: the life of their files, what citizens and officers read through them, and what is sent."""
