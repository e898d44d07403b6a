"""The part of the graph about comparing our books of public money with the partners' books."""
