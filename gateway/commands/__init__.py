"""The commands of the product; pyproject.toml lists the entry points."""
