"""The assets of the ingestion: generated files, their events and accuracy, the lake and its
inbox.
"""
