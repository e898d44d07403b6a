"""Tables and queries about export and erasure of personal data."""
