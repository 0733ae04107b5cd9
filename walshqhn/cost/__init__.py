"""Costs: a number for every configuration of N bits, whatever it comes from."""
