"""The part of the graph about doorstep delivery."""
