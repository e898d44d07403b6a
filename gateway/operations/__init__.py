"""The operations of the applications: read from the folder `operations/`, checked against the graph."""
