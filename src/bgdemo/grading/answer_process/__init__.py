"""What runs an answer: all of this an answer can see and break, so nothing here is believed."""
