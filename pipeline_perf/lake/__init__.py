"""The lake: Delta tables of events, quarantine, marks and files; attempts that can be killed and go
on; exports. What an event is stands in `pipeline_perf.events`.
"""
