"""The files of PFMS, over SFTP or REST."""
