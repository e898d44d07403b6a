"""GraphiQL from our own origin: bundled, vendored, served under a strict content security policy."""
