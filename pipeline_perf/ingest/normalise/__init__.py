"""String columns → typed event columns. Whether a value is plausible is `validate`'s question."""
