"""What teachers take elsewhere: the questions as files for a class, and as an nbgrader assignment."""
