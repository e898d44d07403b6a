"""The part of the graph about services, schemes, forms, centres and the work calendar."""
