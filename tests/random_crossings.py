"""Random schemas whose foreign keys are broken, and what an application may do to them: for a comparison with the keys themselves.

Every table exists twice: with all its keys in one database, and without those that were broken in one or two others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hypothesis import strategies as st

LEAVES = ("low", "high", "rest")
ROWS = 6
NAMES = ("p", "we ird", 'qu"ote', "select", "Über", "fünf")
CODES = {  # type -> a literal that the value n has
    "text": "'c{n}'",
    "citext": "'C{n}'",
    "numeric": "{n}.50",
    "date": "date '2020-01-01' + {n}",
    "uuid": "lpad('{n}', 32, 'a')::uuid",
    "mood": "('m' || {n})::mood",
}
TYPES = """
CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('m0','m1','m2','m3','m4','m5','m6','m7','m8','m9','m10','m11','m12');
"""


class Key(Enum):
    """What a reference holds of its parent."""

    ID = ("id",)
    CODE = ("code",)
    BOTH = ("id", "r")  # of a partitioned parent the only one


@dataclass(frozen=True)
class RandomTable:
    number: int
    code: str  # a type
    partitioned: bool
    control: bool

    @property
    def name(self) -> str:
        return NAMES[self.number]

    @property
    def sql(self) -> str:
        return quoted(self.name)

    def create(self, references: list[RandomReference]) -> Iterator[str]:
        columns = [f"id int NOT NULL, r int NOT NULL, code {self.code}, note text"]
        columns += [f"{name} {type_} {default}" for each in references if each.child is self for name, type_, default in each.columns()]
        keys = ["PRIMARY KEY (id, r)"] if self.partitioned else ["PRIMARY KEY (id)", "UNIQUE (code)", "UNIQUE (id, r)"]
        yield f"CREATE TABLE {self.sql} ({', '.join(columns + keys)})" + (" PARTITION BY RANGE (r)" if self.partitioned else "")
        if self.partitioned:
            for leaf, bound in zip(LEAVES, ("FOR VALUES FROM (0) TO (4)", "FOR VALUES FROM (4) TO (8)", "DEFAULT"), strict=True):
                yield f"CREATE TABLE {self.leaf(leaf)} PARTITION OF {self.sql} {bound}"

    def leaf(self, leaf: str) -> str:
        return quoted(f"{self.name} {leaf}")

    def value(self, column: str, number: int) -> str:
        """What the parent row ``number`` has there, at first."""
        return {"id": str(number), "r": str(number * 7 % 10), "code": CODES[self.code].format(n=number)}[column]


@dataclass(frozen=True)
class RandomReference:
    number: int
    child: RandomTable
    parent: RandomTable
    key: Key
    on_delete: str
    on_update: str
    broken: bool
    not_null: bool
    default: int | None  # the parent's number
    narrow: bool  # an int key in a smallint column

    @property
    def name(self) -> str:
        return f"fk {self.number} of {self.child.name}"

    @property
    def can_refuse(self) -> bool:
        """Whether it may set what the column, or the key itself, does not take."""
        sets = {"SET NULL": self.not_null, "SET DEFAULT": self.not_null or self.default is not None}
        return any(sets.get(action, False) for action in (self.on_delete, self.on_update))

    def columns(self) -> Iterator[tuple[str, str, str]]:
        """Name, type, and what else stands there."""
        for column in self.key.value:
            type_ = self.parent.code if column == "code" else "smallint" if self.narrow and column == "id" else "bigint"
            if column == "r" and not self.narrow:
                type_ = "int"
            default = "" if self.default is None else f"DEFAULT {self.parent.value(column, self.default)}"
            yield f"f{self.number}_{column}", type_, f"{'NOT NULL' if self.not_null else ''} {default}"

    def add(self) -> str:
        columns = ", ".join(name for name, _, _ in self.columns())
        return (
            f"ALTER TABLE {self.child.sql} ADD CONSTRAINT {quoted(self.name)} FOREIGN KEY ({columns})"
            f" REFERENCES {self.parent.sql} ({', '.join(self.key.value)}) ON DELETE {self.on_delete_clause()} ON UPDATE {self.on_update}"
        )

    def on_delete_clause(self) -> str:
        first = f"f{self.number}_{self.key.value[0]}"
        return f"SET NULL ({first})" if self.on_delete == "SET NULL first" else self.on_delete


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Statement:
    """``without`` is what is said instead where the keys are broken: TRUNCATE has no CASCADE to rows."""

    with_keys: str
    without: str
    table: RandomTable


@dataclass(frozen=True)
class World:
    tables: list[RandomTable]
    references: list[RandomReference]
    rows: dict[int, list[list[int | None]]]  # table -> for each row, for each of its references, the parent's number
    statements: list[Statement]

    def create(self, tables: list[RandomTable]) -> str:
        parts = [";\n".join(table.create(self.references)) + ";" for table in tables]
        parts += [self._insert(table) for table in tables]
        inside = [each for each in self.references if each.child in tables and each.parent in tables]
        return "\n".join(parts + [each.add() + ";" for each in inside])

    def _insert(self, table: RandomTable) -> str:
        mine = [each for each in self.references if each.child is table]
        rows = []
        for number, parents in enumerate(self.rows[table.number], start=1):
            values = [table.value(column, number) for column in ("id", "r", "code")] + ["'note'"]
            for reference, parent in zip(mine, parents, strict=True):
                values += ["NULL" if parent is None else reference.parent.value(column, parent) for column in reference.key.value]
            rows.append(f"({', '.join(values)})")
        return f"INSERT INTO {table.sql} VALUES {', '.join(rows)};"


@st.composite
def worlds(draw: st.DrawFn, *, split: bool) -> World:
    """``split``: the tables stand in two databases, and all keys between those are broken; else any key may be."""
    count = draw(st.integers(2, 4))
    tables = [
        RandomTable(number, draw(st.sampled_from(sorted(CODES))), draw(st.booleans()), split and bool(number % 2))
        for number in range(count)
    ]
    references = [draw(_references(number, tables, split)) for number in range(draw(st.integers(2, 6)))]
    rows = {table.number: [draw(_parents(references, table)) for _ in range(ROWS)] for table in tables}
    statements = draw(st.lists(_statements(tables, references), min_size=1, max_size=5))
    return World(tables, references, rows, statements)


@st.composite
def _references(draw: st.DrawFn, number: int, tables: list[RandomTable], split: bool) -> RandomReference:
    child = draw(st.sampled_from(tables))
    others = [table for table in tables if table.control is not child.control]
    parent = draw(st.sampled_from(others if split and draw(st.integers(0, 3)) else tables))
    key = Key.BOTH if parent.partitioned else draw(st.sampled_from(Key))
    composite = len(key.value) > 1
    not_null = draw(st.integers(0, 3)) == 0
    actions = ["CASCADE", "CASCADE", "SET DEFAULT"] + ([] if not_null else ["SET NULL"])
    on_delete = draw(st.sampled_from(actions + (["SET NULL first"] if composite and not not_null else [])))
    return RandomReference(
        number=number,
        child=child,
        parent=parent,
        key=key,
        on_delete=on_delete,
        on_update=draw(st.sampled_from(["CASCADE", "CASCADE", "SET NULL", "SET DEFAULT"])),
        broken=child.control is not parent.control if split else bool(draw(st.integers(0, 3))),
        not_null=not_null,
        default=draw(st.none() | st.integers(1, ROWS)),
        narrow=draw(st.booleans()),
    )


@st.composite
def _parents(draw: st.DrawFn, references: list[RandomReference], table: RandomTable) -> list[int | None]:
    mine = [each for each in references if each.child is table]
    return [draw(st.integers(1 if each.not_null else 0, ROWS)) or None for each in mine]


@st.composite
def _statements(draw: st.DrawFn, tables: list[RandomTable], references: list[RandomReference]) -> Statement:
    watched = [each for each in references if each.broken]
    aimed = bool(draw(st.integers(0, 4)))
    chosen = draw(st.sampled_from(watched)) if watched and aimed else None
    table = chosen.parent if chosen else draw(st.sampled_from(tables))
    where = f"WHERE id IN ({', '.join(map(str, draw(st.sets(st.integers(1, ROWS), min_size=1, max_size=4))))})"
    kept = any(each.parent is table and not each.broken for each in references)
    updates = list(chosen.key.value) * 2 if chosen else ["id", "r", "code"]
    kinds = ["delete", "delete", *updates] + (["leaf"] if table.partitioned else []) + ([] if kept else ["truncate"])
    kind = draw(st.sampled_from(kinds))
    if kind == "truncate":
        place = table.leaf(draw(st.sampled_from(LEAVES))) if table.partitioned and draw(st.booleans()) else table.sql
        return Statement(f"DELETE FROM {place}", f"TRUNCATE {place}", table)
    code = {"text": "code || 'x'", "citext": "upper(code::text)::citext", "numeric": "code + 100", "date": "code + 100"}
    code |= {"uuid": "overlay(code::text placing 'b' from 1 for 1)::uuid", "mood": "('m' || id + 6)::mood"}
    said: dict[str, Any] = {
        "delete": f"DELETE FROM {table.sql} {where}",
        "leaf": f"DELETE FROM {table.leaf(draw(st.sampled_from(LEAVES)))} {where}",
        "id": f"UPDATE {table.sql} SET id = id + {draw(st.sampled_from([20, 100]))} {where}",
        "r": f"UPDATE {table.sql} SET r = r + {draw(st.integers(1, 6))} {where}",  # a row of a partitioned table moves
        "code": f"UPDATE {table.sql} SET code = {code[table.code]} {where}",
    }
    return Statement(said[kind], said[kind], table)
