"""The assets of the ingestion: generated files, their events and accuracy, lake and inbox."""
