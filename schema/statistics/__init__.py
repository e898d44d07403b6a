"""The part of the graph about figures and dashboards."""
