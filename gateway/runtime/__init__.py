"""The life of a process: start-up, health, logs, shutdown."""
