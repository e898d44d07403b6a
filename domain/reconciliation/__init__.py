"""Types and rules for comparing our records of public money with the partners' records."""
