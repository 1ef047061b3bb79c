"""What is known of a schema, and the plans that split it: the ground floor."""
