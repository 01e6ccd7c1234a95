"""What an exercise is, how an answer to it is run, and what is said of it; it knows no exercise of the library."""
