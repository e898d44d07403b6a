"""Types and rules for the e-transactions that e-Taal counts."""
