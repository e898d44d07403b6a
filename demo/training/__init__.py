"""Training: exercises as data, the cases that they are done on, their marks, and the commands."""
