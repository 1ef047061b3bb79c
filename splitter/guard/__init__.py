"""The boundary between the silos before it is one: what models, sessions, tests and the queries of production reach across."""

from splitter.guard.models import control_silo_model, region_silo_model, silo_of

__all__ = ["control_silo_model", "region_silo_model", "silo_of"]
