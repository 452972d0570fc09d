"""What was read against what is true: classification, fields, duplicates, validation."""
