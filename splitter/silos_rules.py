"""What must hold in silos.toml itself, from one key to another, before any database is looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import combinations

from splitter.json_path import Member, overlap, spell_path
from splitter.places import Remark
from splitter.schema import TableName
from splitter.silos import Export, Silo, SiloMap, SoftReference, TableRules, spell_column


def file_remarks(silos: SiloMap, unread: Collection[str] = ()) -> Iterator[Remark]:
    """Everything that contradicts itself; rules about the sections in ``unread``, which have errors already, are passed over."""
    if not {"control", "regions"} & set(unread):
        yield from _database_remarks(silos)
    if not {"organization", "control"} & set(unread):
        yield from _organization_remarks(silos)
    yield from _layout_remarks(silos)
    yield from _mapping_remarks(silos)
    for reference in silos.references:
        yield from _reference_remarks(reference)
    yield from _double_remarks(silos.references)
    for rules in silos.tables.values():
        yield from _table_remarks(rules)
        yield from _two_rules_remarks(silos, rules)
        if "control" not in unread:
            yield from _silo_remarks(silos, rules)
    yield from _accept_remarks(silos)
    yield from _undecided_remarks(silos)


def _database_remarks(silos: SiloMap) -> Iterator[Remark]:
    for name in silos.regions:
        if name == Silo.CONTROL.value or not name.strip():
            yield Remark(("regions", name), "wrong-value", f"a region cannot be named {name!r}", "give it another name")
    if silos.is_monolith and len(silos.regions) > 1:
        found = f"there are {len(silos.regions)} regions and no control database"
        yield Remark(("regions",), "missing-key", found, "add [control] with url; without it there is one region, which holds everything")
    for one, other in combinations(silos.regions.values(), 2):
        if one.raw == other.raw:
            yield Remark(("regions", other.name, "url"), "duplicate", f"is the url of {one.name} too", "give each region its own database")


def _layout_remarks(silos: SiloMap) -> Iterator[Remark]:
    if silos.ids.serial_bits >= silos.ids.bits:
        found = f"{silos.ids.serial_bits} of {silos.ids.bits} bits leave none for the origin"
        yield Remark(("ids", "serial_bits"), "wrong-value", found, "make serial_bits smaller than bits")


def _organization_remarks(silos: SiloMap) -> Iterator[Remark]:
    table, hide = silos.organization.table, silos.organization.hide
    if silos.silo_of(table) is Silo.CONTROL:
        found = f"{str(table)!r} is a control table by control.tables, and an organization's row lives in its region"
        remedy = "change the pattern in control.tables, so that it does not match; control finds organizations by its mapping"
        yield Remark(("organization", "table"), "both-silos", found, remedy)
    if hide and hide.live == hide.moving:
        found = "live and moving are the same value"
        yield Remark(("organization", "hide", "moving"), "wrong-value", found, "give moving a value that no organization has else")
    rules = silos.tables.get(table)
    if rules and rules.export is not Export.ROWS:
        found = f"the organization's own table cannot be {rules.export.value!r}"
        yield Remark((*rules.key, "export"), "wrong-value", found, "remove the key")


def _mapping_remarks(silos: SiloMap) -> Iterator[Remark]:
    if silos.control is None:
        return
    mapping = silos.control.mapping
    if mapping and silos.silo_of(mapping.table) is not Silo.CONTROL:
        found = f"{str(mapping.table)!r} is not a control table"
        yield Remark(("control", "mapping", "table"), "both-silos", found, f"add {str(mapping.table)!r} to control.tables")
    seen: set[str] = set()
    for number, pattern in enumerate(silos.control.tables):
        if pattern in seen:
            yield Remark(("control", "tables", number), "duplicate", f"{pattern!r} stands there twice", "keep one of both")
        seen.add(pattern)


def _reference_remarks(reference: SoftReference) -> Iterator[Remark]:
    yield from _target_remarks(reference)
    yield from _label_remarks(reference)
    if reference.json:
        yield from _json_remarks(reference)
    if reference.keys and not reference.json:
        yield Remark((*reference.key, "keys"), "wrong-value", "keys without path", "add path, to the objects whose member names are ids")
    yield from _delete_remarks(reference)


def _target_remarks(reference: SoftReference) -> Iterator[Remark]:
    wanted = len(reference.columns)
    for target in reference.targets:
        key = (*reference.key, "to") if target.label is None else (*reference.key, "to", target.label)
        if len(target.columns) != wanted:
            found = f"{wanted} column{'s' if wanted > 1 else ''} cannot hold {len(target.columns)}"
            yield Remark(key, "wrong-value", found, "name as many columns in `to` as in `from`, in the same order")
        elif (target.table, target.columns) == (reference.table, reference.columns) and not reference.json:
            yield Remark(key, "wrong-value", "a column that refers to itself", "name the key that it holds")


def _label_remarks(reference: SoftReference) -> Iterator[Remark]:
    typed = reference.type_column is not None or bool(reference.type_path)
    if reference.polymorphic and not typed:
        found = "`to` has labels, and nothing says which one a row has"
        yield Remark((*reference.key, "to"), "missing-key", found, "add type_column, or type_path for a label inside the document")
    if typed and not reference.polymorphic:
        name = "type_column" if reference.type_column is not None else "type_path"
        found = f"{name} without labels"
        yield Remark((*reference.key, name), "wrong-value", found, 'write to = { label = "table.column" }')
    if reference.type_column is not None and reference.type_path:
        found = "type_path beside type_column"
        yield Remark((*reference.key, "type_path"), "wrong-value", found, "keep the one that holds the label")
    if reference.type_column in reference.columns:
        found = f"{reference.type_column!r} cannot be id and label at once"
        yield Remark((*reference.key, "type_column"), "wrong-value", found, "name the column that holds the label")
    if reference.type_path and not reference.json:
        yield Remark((*reference.key, "type_path"), "wrong-value", "type_path without path", "add path, or use type_column")


def _json_remarks(reference: SoftReference) -> Iterator[Remark]:
    if len(reference.columns) > 1:
        found = "a path into several columns"
        yield Remark((*reference.key, "path"), "wrong-value", found, "name one column in `from`; an id inside JSON is never composite")
    above, last = reference.type_path[:-1], reference.type_path[-1:]
    if not last:
        return
    beside = reference.path[: len(above)] == above and len(above) < len(reference.path)
    if not beside or not isinstance(last[0], Member) or reference.type_path == reference.path:
        found = f"{spell_path(reference.type_path)!r} is no member of an object on the way of {spell_path(reference.path)!r}"
        remedy = "name a member beside the id or above it, as path $.a[*].id and type_path $.a[*].type"
        yield Remark((*reference.key, "type_path"), "wrong-value", found, remedy)


def _delete_remarks(reference: SoftReference) -> Iterator[Remark]:
    if reference.on_delete == "restrict" and reference.restrict_becomes is None:
        found = "nothing can be restricted across databases"
        remedy = 'add restrict_becomes = "cascade", "set null" or "none": what a delete does once both tables are apart'
        yield Remark((*reference.key, "on_delete"), "missing-key", found, remedy)
    if reference.restrict_becomes is not None and reference.on_delete != "restrict":
        found = 'restrict_becomes without on_delete = "restrict"'
        yield Remark((*reference.key, "restrict_becomes"), "wrong-value", found, "remove one of both")


def _double_remarks(references: Iterable[SoftReference]) -> Iterator[Remark]:
    """Two references that give a rule to one place."""
    by_table: dict[TableName, list[SoftReference]] = defaultdict(list)
    for reference in references:
        by_table[reference.table].append(reference)
    for group in by_table.values():
        for one, other in combinations(group, 2):
            if same_place(one, other):
                remedy = "an id has one target; keep one of both, or give `to` labels and a type_column"
                yield Remark((*other.key, "from"), "two-rules", f"{one} is declared for the same ids", remedy)


def same_place(one: SoftReference, other: SoftReference) -> bool:
    """Whether two references of one table give a rule to the same ids."""
    if one.json and other.json:
        return one.columns == other.columns and overlap(one.path, other.path) and one.keys == other.keys
    if one.json or other.json:
        return bool(set(one.columns) & set(other.columns))
    return set(one.columns) == set(other.columns)


def _table_remarks(rules: TableRules) -> Iterator[Remark]:
    key = rules.key
    if rules.export is Export.NONE and rules.why is None:
        yield Remark((*key, "export"), "missing-key", "is left out without a reason", 'add why = "..."')
    if rules.export is Export.SHARED and not rules.match:
        yield Remark((*key, "export"), "missing-key", "shared rows need a natural key", 'add match = [["column", ...]]')
    if rules.shared_where is not None:
        yield from _shared_where_remarks(rules)
    if not rules.match and rules.ignore:
        yield Remark((*key, "ignore"), "wrong-value", "ignore without match", "only matched rows are compared: add match")
    if not rules.match and rules.on_missing != "refuse":
        yield Remark((*key, "on_missing"), "wrong-value", "on_missing without match", "only matched rows can be missing: add match")
    if rules.owner and rules.export is not Export.ROWS:
        found = f"rows that are {rules.export.value!r} have no owner"
        yield Remark((*key, "owner"), "wrong-value", found, "remove owner, or export")
    for column in sorted(set(rules.ids) & set(rules.not_ids)):
        yield Remark((*key, "not_ids"), "two-rules", f"{column!r} is in ids too", "keep it in one of both")


def _shared_where_remarks(rules: TableRules) -> Iterator[Remark]:
    key = (*rules.key, "shared_where")
    if rules.export is not Export.ROWS:
        found = f"a part cannot be shared where all rows are {rules.export.value!r}"
        yield Remark(key, "wrong-value", found, "remove shared_where, or export")
    elif not rules.match:
        yield Remark(key, "missing-key", "shared rows need a natural key", 'add match = [["column", ...]]')


def _two_rules_remarks(silos: SiloMap, rules: TableRules) -> Iterator[Remark]:
    """A reference follows its target's rule; ids and not_ids cannot say otherwise."""
    for reference in silos.references:
        if reference.table != rules.table or reference.json:
            continue
        for name, columns in (("ids", rules.ids), ("not_ids", rules.not_ids)):
            for column in columns:
                if column in reference.columns:
                    found = f"{spell_column(rules.table, column)!r} is a reference: {reference}"
                    yield Remark((*rules.key, name), "two-rules", found, "remove the column here: an id follows what it refers to")


def _silo_remarks(silos: SiloMap, rules: TableRules) -> Iterator[Remark]:
    """Control rows are never copied between regions: only how they are matched, and what is an id, can be said of them."""
    if silos.silo_of(rules.table) is not Silo.CONTROL:
        if rules.match and rules.export is not Export.SHARED and rules.shared_where is None:
            remedy = 'add export = "shared", or shared_where'
            yield Remark((*rules.key, "match"), "wrong-value", "match, and no row is shared", remedy)
        return
    said = {
        "export": rules.export is not Export.ROWS,
        "shared_where": rules.shared_where is not None,
        "owner": bool(rules.owner),
        "accept_triggers": bool(rules.accept_triggers),
    }
    for name in (name for name, is_said in said.items() if is_said):
        found = f"{str(rules.table)!r} is a control table, and {name} is about rows of a region"
        yield Remark((*rules.key, name), "both-silos", found, "remove the key, or change control.tables so that no pattern matches")


def _accept_remarks(silos: SiloMap) -> Iterator[Remark]:
    seen: set[tuple[str, str]] = set()
    for accepted in silos.accepted:
        if (accepted.code, accepted.object) in seen:
            yield Remark((*accepted.key, "object"), "duplicate", "is accepted twice", "keep one of both")
        seen.add((accepted.code, accepted.object))


def _undecided_remarks(silos: SiloMap) -> Iterator[Remark]:
    seen: set[tuple[str, bool, str | None]] = set()
    for undecided in silos.undecided:
        what = (str(undecided), undecided.keys, undecided.type_column)
        if what in seen:
            yield Remark(undecided.key, "duplicate", f"{str(undecided)!r} is undecided twice", "keep one of both")
        seen.add(what)
