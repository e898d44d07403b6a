"""Certificates as signed documents, and pages to print. Heavy libraries: never imported by the serving process."""
