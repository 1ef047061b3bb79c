"""An organization moves to another region: load, proof, switch, purge."""
