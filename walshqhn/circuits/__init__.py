"""Parameterised circuits."""
