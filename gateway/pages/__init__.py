"""Web pages and downloads for people."""
