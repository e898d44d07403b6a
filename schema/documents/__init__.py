"""The part of the graph about the documents of a citizen from every source."""
