"""The Walsh spectrum of a cost."""
