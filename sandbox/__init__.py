"""Sandboxes (faithful servers) of the outside systems, and the process that runs them, the sandbox city."""
