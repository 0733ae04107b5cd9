"""Engines on Qiskit: Aer's simulators and backends."""
