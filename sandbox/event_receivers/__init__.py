"""Systems of departments and partners that take events, written from docs/partners/events/README.md a second time."""
