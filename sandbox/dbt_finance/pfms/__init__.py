"""The sandbox of PFMS: its file exchange over SFTP and REST, its signatures and answers."""
