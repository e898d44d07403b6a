"""Types and rules for figures and dashboards."""
