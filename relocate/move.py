"""One move as a value: who goes from where to where, and all that is known of both sides before the first write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from exports.chunks import Cutter
from exports.membership import Membership
from exports.org_keys import spell_key
from exports.organization import local_origin, shifted_key
from exports.rewrite import Minting, Rewriter
from exports.rows import Source, ask
from exports.scope import Scope
from exports.snapshot import Connection
from exports.survey import Organization, Survey
from relocate.compat import Fit, binary_tables, fit_target
from splitter.errors import NarrowIds, NoOrigin
from splitter.identity import Identity
from splitter.schema import TableName
from splitter.silos import SiloMap

CHUNK_ROWS = 50_000
SMALL_TABLE = 8 << 20  # bytes: a table up to that is one chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a move is to be done; nothing of it changes what the end is."""

    jobs: int = 2
    hashes: bool = True
    max_rate: float | None = None  # bytes a second
    max_lag: int | None = None  # bytes of WAL that a standby of the target may be behind
    chunk_rows: int = CHUNK_ROWS
    switch_limit: int = 100_000  # control rows that the switch may rewrite


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The organization, both regions, and how ids change between them."""

    silos: SiloMap
    organization: Organization  # in the source, with its key of before
    after: tuple[str, ...]  # its key in the target
    source: Survey
    target: Survey
    minting: Minting
    fit: Fit

    @property
    def scope(self) -> Scope:
        return self.source.scope

    @property
    def after_id(self) -> str:
        return spell_key(self.after)

    @property
    def mirrored(self) -> Scope:
        """The source's scope, ways and all, over the target's tables."""
        return replace(self.source.scope, schema=self.target.schema)

    @property
    def local_ids_final(self) -> bool:
        """Whether ids below the limit are valid as they are: the source is the home region, or ids aren't shifted at all."""
        return not self.minting.origin

    @property
    def binary(self) -> frozenset[TableName]:
        return binary_tables(self.scope, self.target.schema, self.fit.types)

    @property
    def constants(self) -> Mapping[tuple[TableName, str], str]:
        """The columns that get one value for the time of the move: ``hide``."""
        hide = self.silos.organization.hide
        return {} if hide is None else {(self.scope.root, hide.column): spelled(hide.moving)}

    def rewriter(self, maps: Mapping[tuple[TableName, tuple[str, ...]], object]) -> Rewriter:
        return Rewriter(scope=self.scope, rules=self.source.rules, minting=self.minting, maps=maps, constants=self.constants)  # type: ignore[arg-type]

    def reading(self, membership: Membership, maps: Mapping[tuple[TableName, tuple[str, ...]], object]) -> Source:
        """The source side, ready to be read in the snapshot that ``membership`` was asked in."""
        return Source(membership=membership, rewriter=self.rewriter(maps), types=self.fit.types)

    def there(self, membership: Membership) -> Membership:
        """The organization in the target, found by the same ways."""
        return Membership(self.mirrored, self.after, membership.selection)

    def cutter(self, membership: Membership, connection: Connection, rows: int) -> Cutter:
        return Cutter(
            scope=self.scope,
            membership=membership,
            rules=self.source.rules,
            minting=self.minting,
            rows=rows,
            small=SMALL_TABLE,
            ask=ask(connection),
            order_there=self.order_there,
        )

    def order_there(self, name: TableName, column: str) -> str | None:
        """What orders a column's texts in the target."""
        table = self.target.schema.tables.get(name)
        held = table.columns_by_name.get(column) if table else None
        return held.order if held else None


def spelled(value: object) -> str:
    """A value of silos.toml as PostgreSQL's text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def make_move(
    silos: SiloMap, organization: Organization, source: Survey, target: Survey, identity: Identity | None, known: tuple[int, ...]
) -> Move:
    """Put a move together from what was read; ``identity`` is the source's, ``known`` are all origins that control issued.

    NoOrigin where the source has none, NarrowIds where the target's columns are too narrow.
    """
    if identity is None:
        raise NoOrigin(f"region {source.region!r} has no origin, so its ids can't be made unique", hint="run `relocate init`")
    minting = Minting(layout=silos.ids, origin=local_origin(identity), known=known)
    fit = fit_target(source.scope, source.rules, target.schema, shifted=bool(minting.origin))
    if fit.narrow:
        first = fit.narrow[0]
        more = f" (and {len(fit.narrow) - 1} more columns)" if len(fit.narrow) > 1 else ""
        raise NarrowIds(
            f"{first.object} is {first.found}{more}", hint=f"splitter plan widen-ids --region {target.region}", problems=fit.narrow
        )
    return Move(
        silos=silos,
        organization=organization,
        after=shifted_key(source, organization.key, minting),
        source=source,
        target=target,
        minting=minting,
        fit=fit,
    )
