"""The part of the graph about feedback, grievances, suggestions, notices and tracking."""
