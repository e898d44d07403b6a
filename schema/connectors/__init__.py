"""Types of the graph about connectors."""
