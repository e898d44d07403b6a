"""Actions about the documents of a citizen from every source."""
