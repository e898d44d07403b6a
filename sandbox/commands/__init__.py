"""The command of the sandboxes."""
