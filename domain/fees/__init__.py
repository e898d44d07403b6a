"""Words and rules about fees."""
