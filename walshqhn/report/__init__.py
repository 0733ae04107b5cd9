"""One page about a file, to read and to pass on."""
