"""The schema's revisions, oldest first; a test compares them with the migration scripts."""

REVISIONS = ("0001",)
HEAD = REVISIONS[-1]
