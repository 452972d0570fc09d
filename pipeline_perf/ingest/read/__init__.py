"""Records by a layout, as string columns; every line of the file is accounted for. No value is
interpreted.
"""
