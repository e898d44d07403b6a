"""What lives as long as a process: opening, health, logs, shutting down."""
