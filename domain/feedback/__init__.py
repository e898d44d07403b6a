"""Types and rules for feedback, grievances, suggestions, notices and tracking."""
