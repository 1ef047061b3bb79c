"""Where a command is to connect: databases that silos.toml names, or the one whose URL stands on the command line."""

from __future__ import annotations

from dataclasses import dataclass, field

from splitter.db import Connection, connect
from splitter.silos import Database, SiloMap

GIVEN = "--url"  # the setting, and the name as long as the database has not said its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """``name``: control, a region's, or ``GIVEN``. Made before the first connection is, so that a wrong silos.toml costs none."""

    name: str
    setting: str
    url: str = field(repr=False)

    def open(self, application: str, *, readonly: bool = True) -> Connection:
        """A pinned session; Unreachable, or ConfigError where the URL is none."""
        return connect(self.url, setting=self.setting, application=application, readonly=readonly)


def given_address(url: str, name: str = GIVEN) -> Address:
    return Address(name=name, setting=GIVEN, url=url)


def address_of(silos: SiloMap, name: str) -> Address:
    """Of ``control`` or a region. ConfigError where there is none of that name, or a variable of its URL is not set."""
    return _address(silos.database(name))


def all_addresses(silos: SiloMap) -> tuple[Address, ...]:
    """Control's, where there is one, and all regions'. ConfigError as ``address_of``."""
    return tuple(_address(database) for database in silos.databases)


def _address(database: Database) -> Address:
    return Address(name=database.name, setting=database.setting, url=database.url())
