"""Engines run a circuit and report on the cost of what it would measure."""
