"""Types and rules for benefits and their sanctions."""
