"""A store with as many people as a whole state has."""
