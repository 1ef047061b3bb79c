"""A first silos.toml: which references have no foreign key, and what every table is."""
