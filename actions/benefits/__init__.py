"""Actions about benefits and their sanctions."""
