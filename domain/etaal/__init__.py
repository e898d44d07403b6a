"""Words and rules about the e-transactions that e-Taal counts."""
