"""Testing background tasks."""
