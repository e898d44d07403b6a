"""Tables and queries about the documents of a citizen, from all sources."""
