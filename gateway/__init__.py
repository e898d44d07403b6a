"""What listens, guards and composes: settings, application factory, command line, worker."""
