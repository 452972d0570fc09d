"""Verdicts: against targets, against a baseline, against another revision. How a figure comes about
is the business of `measure`, how two samples are compared that of `statistics`.
"""
