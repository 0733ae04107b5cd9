"""What everything rests on: errors, files, memory and threads, provenance."""
