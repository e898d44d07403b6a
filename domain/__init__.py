"""Words and rules of the portal: pure values and functions, no input or output."""
