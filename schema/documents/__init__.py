"""The part of the graph about the documents of a citizen, wherever they lie."""
