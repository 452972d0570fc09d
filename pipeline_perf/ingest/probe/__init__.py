"""What a file is, before anyone knows whose: encoding, dialect, and where its table stands.

It never reads more than samples.
"""
