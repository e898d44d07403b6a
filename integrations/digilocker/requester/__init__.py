"""DigiLocker as requester: a citizen's documents, read with her consent."""
