"""What crosses the wall between judge and answer, both ways; both sides use it, and neither trusts what it reads."""
