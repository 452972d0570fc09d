"""Which layout a file follows: evidence against signatures. A file that matches nothing is asked
about, never guessed.
"""
