"""Variational quantum algorithms: circuits, engines that run them, and training."""
