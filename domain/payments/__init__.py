"""Types and rules for payments by PFMS and the treasury."""
