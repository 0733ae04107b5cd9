"""Foundations: errors, files, memory and threads, provenance."""
