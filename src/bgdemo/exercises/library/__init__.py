"""The exercises themselves: one file each, in the folder of their subject."""
