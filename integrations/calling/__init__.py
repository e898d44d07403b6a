"""The one resilient caller of every outside system."""
