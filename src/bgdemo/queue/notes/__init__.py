"""What processes note about tasks, in files that outlive them. It touches nothing else of the package."""
