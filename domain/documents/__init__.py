"""Words and rules about the documents of a citizen, wherever they lie."""
