"""Threads: the one place that starts them, and how they wake each other; it knows nothing of apps and clients."""
