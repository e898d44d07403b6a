"""Tables and queries about feedback, grievances, suggestions, notices and tracking."""
