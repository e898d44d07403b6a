"""Incremental responses: graphql-transport-ws, server-sent events, multipart."""
