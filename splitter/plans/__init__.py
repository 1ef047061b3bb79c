"""One file a kind of plan; each makes steps from values and touches no database."""
