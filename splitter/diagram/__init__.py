"""The split as a picture: one model of tables, references, domains and findings, and one file a format that shows it."""
