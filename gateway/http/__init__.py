"""The HTTP edge: GraphQL over HTTP, health, metrics, status and verification pages."""
