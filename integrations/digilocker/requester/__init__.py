"""DigiLocker as requester: reads a citizen's documents with the citizen's consent."""
