"""Words and rules about payments by PFMS and the treasury."""
