"""Words and rules about figures and dashboards."""
