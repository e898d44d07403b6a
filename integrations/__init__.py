"""The outside systems: one folder each, one resilient caller for all."""
