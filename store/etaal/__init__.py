"""Tables and queries about the e-transactions that e-Taal counts."""
