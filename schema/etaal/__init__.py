"""The part of the graph about the e-transactions that e-Taal counts."""
