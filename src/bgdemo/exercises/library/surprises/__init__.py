"""What people expect of background tasks, and what happens."""
