"""One HTML page about a file, to read and to share."""
