"""What a carrier's file looks like: the form of a layout, reading one from YAML, and what is wrong
with one. Which layout a file has is told by `recognise`.
"""
