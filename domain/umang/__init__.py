"""Types and rules for requests from UMANG and their answers."""
