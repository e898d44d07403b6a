"""Packages of one state each, with its places, services, calendar and forms as data (ADR 0032)."""
