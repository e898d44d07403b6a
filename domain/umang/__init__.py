"""Words and rules about what UMANG asks and is told."""
