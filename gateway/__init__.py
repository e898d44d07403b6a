"""The process layer: settings, application factory, HTTP server, command line and worker."""
