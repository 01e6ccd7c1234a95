"""Steps 2.3 and 2.4: adding a task."""
