"""Actions about feedback, grievances, suggestions, notices and tracking."""
