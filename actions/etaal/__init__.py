"""Actions about the e-transactions that e-Taal counts."""
