"""What the columns of an unknown file mean, as a layout to complete.

What is uncertain is left open, never guessed.
"""
