"""Types and rules for services, schemes, forms, centres and the work calendar."""
