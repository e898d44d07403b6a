"""Types and rules of the portal: pure values and functions, without input or output."""
