"""Certificates as signed documents. Heavy libraries: imported by the worker and the command line only."""
