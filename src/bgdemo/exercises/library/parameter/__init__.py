"""Step 2.1: the parameter that takes the background tasks."""
