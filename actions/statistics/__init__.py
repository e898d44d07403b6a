"""Actions about figures and dashboards."""
