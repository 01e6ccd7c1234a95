"""A worker's process, and a queue's handle of one. It touches the broker and the notes, and not the queue."""
