"""Tables and queries about payments by PFMS and the treasury."""
