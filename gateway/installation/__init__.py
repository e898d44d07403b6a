"""What those who run an installation ask of it: its settings, its checks, its next release, its incidents."""
