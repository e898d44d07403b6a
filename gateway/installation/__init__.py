"""What those who run an installation ask of it: settings, processes, keys, backups, checks, releases, incidents."""
