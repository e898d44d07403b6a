"""Taking over the applications of a former system."""
