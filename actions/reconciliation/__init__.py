"""Actions about comparing our books of public money with the partners' books."""
