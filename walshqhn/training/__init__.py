"""Training circuits."""
