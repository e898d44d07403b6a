"""Actions about services, schemes, forms, centres and the work calendar."""
