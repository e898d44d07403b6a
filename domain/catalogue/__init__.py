"""Words and rules about services, schemes, forms, centres and the work calendar."""
