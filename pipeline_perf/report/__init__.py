"""Results and verdicts as HTML, Markdown, JSON and a terminal table."""
