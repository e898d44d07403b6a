"""Words and rules about sign-in, accounts, assistance and relatives."""
