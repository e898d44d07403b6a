"""Systems that join by a file (docs/connectors.md): the file, the mapping, the authentication and the calls."""
