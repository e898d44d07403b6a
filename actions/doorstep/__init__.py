"""Actions about doorstep delivery."""
