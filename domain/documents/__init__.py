"""Types and rules for the documents of a citizen, from all sources."""
