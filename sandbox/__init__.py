"""Faithful servers of the outside systems, and the city that runs them."""
