"""What an app does, written down: requests, tasks and what they print, read back as a timeline; knows no client."""
