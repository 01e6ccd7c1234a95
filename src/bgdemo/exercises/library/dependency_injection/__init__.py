"""Step 2.5: background tasks and the dependency system."""
