"""Makes a typed package for each app and language from the published operations and schema/api.graphql."""
