"""What is kept of connectors: their versions, and what departments' systems were sent."""
