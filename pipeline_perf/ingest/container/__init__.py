"""A file's bytes as lines, elements or pages, bounded in memory and made safe.

What they mean is told further up the corridor.
"""
