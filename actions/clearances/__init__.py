"""Actions about clearances of other departments and field reports."""
