"""Step 2.2: the function that runs in the background."""
