"""Actions about what UMANG asks and is told."""
