"""Dagster's side of the project: what runs when, in which order, with which checks.

Thin on purpose: every asset is one call into the library. No rule of the domain stands here, and
nothing below this folder imports Dagster.
"""
