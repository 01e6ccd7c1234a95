"""What judges, and is trusted: it runs no code of a submission, but hears from the process that does."""
