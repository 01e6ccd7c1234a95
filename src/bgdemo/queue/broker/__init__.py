"""Celery, its brokers, and what may travel by them. It touches nothing else of the queue."""
