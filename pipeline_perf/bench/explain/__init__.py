"""Why a workload takes what it takes: profiles, the functions that changed between two of them, and
what it is bound by. Nothing here decides whether something is slower.
"""
