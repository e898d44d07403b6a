"""Actions about requests to UMANG and requests from it."""
