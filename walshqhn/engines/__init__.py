"""Engines run circuits and evaluate the cost of their measured bit strings."""
