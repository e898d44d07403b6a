"""How the store is read: statements straight at the driver, and what one operation has read."""
