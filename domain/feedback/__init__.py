"""Words and rules about feedback, grievances, suggestions, notices and tracking."""
