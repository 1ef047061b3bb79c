"""The parts of the plan that widens ids: one file a part."""
