"""What runs beside a submission, in a copy of the package that holds no answers and no checks."""
