"""Step 1: the use cases, rewritten by whoever knows how."""
