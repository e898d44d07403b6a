"""Actions about payments by PFMS and the treasury."""
