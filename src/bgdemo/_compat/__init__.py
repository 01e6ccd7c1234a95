"""What this package borrows of others that they promise to nobody, one file a package; it may touch errors alone."""
