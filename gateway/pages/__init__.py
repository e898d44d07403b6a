"""Pages and downloads for people."""
