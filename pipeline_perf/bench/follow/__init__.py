"""Figures over the nights: their series, when one has moved, and which level is known. A night's
figure itself is measured in `measure`.
"""
