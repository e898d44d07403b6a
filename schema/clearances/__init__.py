"""The part of the graph about clearances of other departments and field reports."""
