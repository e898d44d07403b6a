"""Imports the applications of a former system."""
