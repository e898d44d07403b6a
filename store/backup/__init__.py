"""Backups of store, vault and files, and their restoration."""
