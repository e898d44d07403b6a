"""Scripts of developers and auditors, run from the checkout."""
