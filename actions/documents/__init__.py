"""Actions about the documents of a citizen, wherever they lie."""
