"""Studies: many trainings of one cost."""
