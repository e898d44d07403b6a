"""Actions about export and erasure of personal data."""
