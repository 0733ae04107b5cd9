"""Figures: functions that draw into an Axes."""
