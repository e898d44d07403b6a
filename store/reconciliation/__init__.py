"""Tables and queries about comparing our records of public money with the partners' records."""
