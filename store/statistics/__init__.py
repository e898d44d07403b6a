"""Tables and queries about figures and dashboards."""
