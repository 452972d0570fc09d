"""Carriers' files made up, with the truth about them.

The files are written by this room's own code, never from the layouts that read them.
"""
