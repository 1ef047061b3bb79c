"""One file a format that a plan is written in."""
