"""The command of the sandboxes."""

HELP = {"sandbox": "Run the sandboxes of the outside systems."}
