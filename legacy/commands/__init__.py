"""The command that imports applications of a former system."""
