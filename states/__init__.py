"""Packages of one state each, with its law, places, services, calendar, forms and texts as data (ADR 0032)."""
