"""Numba loops. They import numpy and numba only, take arrays, return arrays and validate nothing."""
