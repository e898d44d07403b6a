"""Types and rules for sign-in, accounts, assistance and relatives."""
