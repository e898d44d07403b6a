"""Actions about sign-in, accounts, assistance and relatives."""
