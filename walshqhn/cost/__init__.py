"""Costs: a number for every configuration of N bits, from any source."""
