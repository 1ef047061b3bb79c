"""The hypothesis strategy for shapes: every choice is drawn, so that a failure shrinks to the smallest schema that still fails."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from tests.random_schemas.documents import FORMS, LABEL
from tests.random_schemas.drafts import SCHEMAS, Draft, Draw, Names
from tests.random_schemas.names import PLAIN_COLUMNS, PLAIN_TABLES, TableName
from tests.random_schemas.shapes import COMPOSITE_KEYS, INTEGER_KEYS, Key, Kind, Reference, Shape, Standing, Target
from tests.random_schemas.values import MAKERS, type_sql

ROOT_KEYS = (Key.BY_DEFAULT, Key.ALWAYS, Key.SERIAL, Key.BARE, Key.UUID, Key.TEXT)
WIDER = {
    "integer": "bigint",
    "smallint": "integer",
    "character varying(20)": "text",
    "numeric(12,3)": "numeric(20,6)",
    "numeric(8,2)[]": "numeric(20,6)[]",
    "integer[]": "bigint[]",
}
LABELS = ("project", "it's a", "we.ird", "100%", "{}")


@dataclass
class Drawing:
    """The whole application while it is drawn."""

    draw: Draw
    names: Names
    hostile: bool
    shared: list[Draft] = field(default_factory=list)
    referenced: list[Draft] = field(default_factory=list)
    owned: list[Draft] = field(default_factory=list)
    left: list[Draft] = field(default_factory=list)
    control: list[Draft] = field(default_factory=list)
    slug: str = ""

    def draft(self, wish: str, standing: Standing, keys: tuple[Key, ...]) -> Draft:
        schema = self.draw(st.sampled_from(SCHEMAS)) if self.hostile and standing is not Standing.CONTROL else "public"
        names = self.names if standing is not Standing.CONTROL else Names(self.draw, False, self.names.used)
        name = TableName(schema, names.fresh(wish))
        key = self.draw(st.sampled_from(keys))
        return Draft(self.draw, Names(self.draw, self.hostile and standing is not Standing.CONTROL), name, standing, key)

    def add_shared(self) -> None:
        made = self.draft("plan", Standing.SHARED, (Key.BY_DEFAULT, Key.ALWAYS, Key.UUID, Key.BARE))
        made.give_key(None, [])
        first, second = made.add("vendor", "text", not_null=True), made.add("label", "text", not_null=True)
        natural: tuple[tuple[str, ...], ...] = made.pick((((first, second),), ((second,), (first, second))))
        if made.chance(3):
            natural = ((made.add("code", "text"),), (first, second))
        made.options = {"natural": natural, "ignored": made.add("seen_at", "timestamp with time zone") if made.chance(2) else None}
        self.shared.append(made)

    def add_referenced(self) -> None:
        made = self.draft("filter", Standing.REFERENCED, (Key.BY_DEFAULT, Key.BARE, Key.ALWAYS))
        made.give_key(None, [])
        self._add_payload(made)
        if made.chance(2):
            made.point(Kind.HARD, made, nullable=True, late=True)
        self.referenced.append(made)

    def add_left(self) -> None:
        """A region's own machinery: rows that stay, and a reference to them that a move unsets."""
        made = self.draft("worker", Standing.LEFT, (Key.BY_DEFAULT,))
        made.give_key(None, [])
        self.left.append(made)

    def add_account(self) -> None:
        made = self.draft("auth_account", Standing.CONTROL, (Key.BY_DEFAULT, Key.UUID))
        made.give_key(None, [])
        made.add("email", "text", made="text")
        self.control.append(made)

    def add_pin(self) -> None:
        """A control table that points at the regions' rows: the switch rewrites it."""
        made = self.draft("control_pin", Standing.CONTROL, (Key.BY_DEFAULT,))
        made.give_key(None, [])
        targets = [each for each in self.owned if each.single_type == "bigint" and each.key in INTEGER_KEYS]
        for target in [self.draw(st.sampled_from(targets))] if targets else []:
            made.point(Kind.SOFT, target, nullable=True)
            self.control.append(made)

    def add_root(self) -> None:
        root = self.draft("organization", Standing.OWNED, ROOT_KEYS)
        root.give_key(None, [])
        self.slug = root.add("slug", "text", not_null=True)
        root.options = {"lost": False}
        self._add_sidelines(root)
        self._add_payload(root)
        self.owned.append(root)

    def add_owned(self, number: int) -> None:
        keys = list(Key)
        parents = [each for each in self.owned if each.pointable]
        made = self.draft(PLAIN_TABLES[number % len(PLAIN_TABLES)], Standing.OWNED, tuple(keys))
        made.give_key(self.owned[0], [each for each in parents if each.key not in COMPOSITE_KEYS])
        ways = 0 if made.references and made.chance(3) else made.draw(st.integers(1, 3))
        for _ in range(ways):
            self._add_way(made, parents)
        if made.key is Key.KEYLESS or made.chance(3):
            made.options["indexed"] = ()
        else:
            made.options["indexed"] = tuple({way.columns for way in made.references if way.kind is not Kind.LABELLED and made.chance(2)})
        fixed = [way for way in made.references if not way.nullable and way.none_value is None]
        if len(made.references) > 1 and fixed and made.chance(5):
            made.options["owner"] = fixed[0].columns
        self._add_sidelines(made)
        self._add_payload(made)
        self._add_habits(made)
        self.owned.append(made)

    def _add_way(self, made: Draft, parents: list[Draft]) -> None:
        kind = made.pick((Kind.HARD, Kind.HARD, Kind.SOFT, Kind.LABELLED))
        if kind is Kind.LABELLED:
            self._add_labelled(made, parents)
            return
        composite = [each for each in parents if each.key in COMPOSITE_KEYS]
        parent = made.pick(composite) if composite and made.chance(3) else made.pick(parents)
        nullable = made.chance(2)
        more: dict[str, Any] = {}
        if kind is Kind.SOFT and len(parent.key_columns) == 1:
            more["dangling"] = made.pick((None, None, "keep", "null")) if nullable else None
            if parent.single_type == "bigint" and made.chance(3):
                more["none_value"] = "0"
        made.point(kind, parent, nullable=nullable, **more)

    def _add_labelled(self, made: Draft, parents: list[Draft]) -> None:
        first = made.pick([each for each in parents if each.single_type is not None])
        alike = [each for each in parents if each.single_type == first.single_type and each is not first]
        targets = [first, *[each for each in alike[:2] if made.chance(2)]]
        assert first.single_type is not None
        column, type_column = made.add("target_id", first.single_type), made.add("target_type", "text")
        named = tuple(Target(table=each.name, columns=each.key_columns, label=LABELS[n]) for n, each in enumerate(targets))
        made.references.append(
            Reference(kind=Kind.LABELLED, table=made.name, columns=(column,), targets=named, type_column=type_column, owns=True)
        )

    def _add_sidelines(self, made: Draft) -> None:
        """References that don't decide whose a row is: to shared and referenced rows, to control, to machinery."""
        for other in (*self.shared, *self.referenced):
            if made.chance(3):
                made.point(made.pick((Kind.HARD, Kind.SOFT)), other, nullable=made.chance(2))
        for account in (each for each in self.control if made.chance(3)):
            made.point(Kind.SOFT, account, nullable=True, none_value="0" if account.single_type == "bigint" and made.chance(2) else None)
        for worker in (each for each in self.left if made.chance(3)):
            made.point(Kind.SOFT, worker, nullable=True, unset=True)

    def _add_payload(self, made: Draft) -> None:
        for short in made.draw(st.lists(st.sampled_from(sorted(MAKERS)), max_size=4)):
            name = made.add(made.pick(PLAIN_COLUMNS), type_sql(short), made=short, not_null=made.chance(4))
            column = made.columns.pop()
            made.columns.append(replace(column, name=name, later_type=WIDER.get(short)))
        if made.single_type == "bigint" and made.chance(6):
            expression = '("' + made.key_columns[0].replace('"', '""') + '" % 1000)'
            made.add("computed", "bigint", extra=f"GENERATED ALWAYS AS {expression} STORED", written=False)

    def _add_habits(self, made: Draft) -> None:
        if made.key in (Key.BARE, Key.SERIAL, Key.UUID, Key.TEXT) and made.chance(5):
            made.options["partitions"] = 2
        elif made.key not in (Key.KEYLESS, Key.JOIN) and made.chance(3):
            made.code = made.add("code", "text", not_null=True)
        made.options |= {"trap": made.chance(4), "holed": made.chance(5), "crowded": made.chance(4)}

    def add_late(self) -> None:
        """What may lead forward: cycles, self-references, lists of ids."""
        for number, made in enumerate(self.owned):
            if number and made.pointable and made.chance(3):
                made.point(Kind.HARD, made, nullable=made.chance(2), late=True)
            children = [each for each in self.owned[number + 1 :] if each.pointable]
            if children and made.chance(4):
                self._close_cycle(made, made.pick(children))
            for form in ("array", "json"):
                if made.chance(3):
                    self._add_inside(made, form)

    def _close_cycle(self, made: Draft, child: Draft) -> None:
        """Back to a child; NOT NULL where nothing but the two of them decides which rows there are."""
        firm = [way for way in child.references if way.owns and not way.nullable and not way.late]
        only = bool(firm) and all(way.target.table == made.name or way.target.table == self.owned[0].name for way in firm)
        tight = only and any(way.target.table == made.name for way in firm) and made.chance(2)
        if tight:
            made.options["lost"] = False
        made.point(Kind.HARD, child, nullable=not tight, late=True, tight=tight)

    def _add_inside(self, made: Draft, form: str) -> None:
        choices = [each for each in (*self.owned, *self.shared) if each.single_type is not None and each.name != made.name]
        if not choices:
            return
        target = made.pick(choices)
        targets: tuple[Target, ...] = (Target(table=target.name, columns=target.key_columns),)
        if form == "array":
            column = made.add("ids", f"{target.single_type}[]")
            made.references.append(Reference(kind=Kind.ARRAY, table=made.name, columns=(column,), targets=targets, late=True))
            return
        shape = made.pick(FORMS)
        if FORMS[shape].type_path:
            targets = (Target(table=target.name, columns=target.key_columns, label=LABEL),)
        column = made.add("data", made.pick(("jsonb", "json", "text")))
        made.references.append(Reference(kind=Kind.JSON, table=made.name, columns=(column,), targets=targets, late=True, form=shape))

    def finish(self) -> Shape:
        hide = None
        root = self.owned[0]
        if root.chance(3):
            hide = root.add("status", "integer", not_null=True, extra="DEFAULT 0")
        own = TableName("public", "organization_mapping") if root.chance(4) else None
        tables = [*self.shared, *self.referenced, *self.left, *self.owned]
        return Shape(
            tables=tuple(draft.finish() for draft in tables),
            control=tuple(draft.finish() for draft in self.control),
            slug=self.slug,
            hide=hide,
            own_mapping=own,
            drifted=root.chance(6),
            shuffled=root.chance(3),
            by_bytes=root.chance(2),
            by_bytes_there=root.chance(2),
        )


@st.composite
def shapes(draw: Draw, *, tables: tuple[int, int] = (2, 9)) -> Shape:
    """A random application with as many region tables that belong to organizations as ``tables`` allows."""
    hostile = draw(st.booleans())
    drawing = Drawing(draw, Names(draw, hostile), hostile)
    for add in (drawing.add_shared, drawing.add_shared, drawing.add_referenced, drawing.add_left, drawing.add_account):
        if draw(st.booleans()):
            add()
    drawing.add_root()
    for number in range(draw(st.integers(tables[0] - 1, tables[1] - 1))):
        drawing.add_owned(number)
    drawing.add_late()
    if draw(st.booleans()):
        drawing.add_pin()
    return drawing.finish()
