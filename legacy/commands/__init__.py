"""The command that imports applications of a former system."""

HELP = {"import-applications": "Take over the applications of a former system, with their history and certificates."}
