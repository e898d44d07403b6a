"""GraphiQL from our own origin: bundled once, vendored, served under a strict content security policy."""
