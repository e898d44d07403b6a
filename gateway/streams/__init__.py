"""Answers that come in parts: graphql-transport-ws, server-sent events, multipart."""
