"""What holds an answer: its limits, what the kernel refuses it, and how it ends with all that it has started."""
