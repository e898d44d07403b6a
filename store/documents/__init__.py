"""Tables and queries about the documents of a citizen, wherever they lie."""
