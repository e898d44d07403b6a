"""DigiLocker as issuer: it pulls the certificates that we issue."""
