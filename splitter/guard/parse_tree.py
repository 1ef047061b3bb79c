"""The parse tree of PostgreSQL's own grammar -> Statement. Every relation in a tree is found, whatever stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pgparse

from splitter.guard.statements import Body, Statement, TableRef, UnreadableStatement, joined

Node: TypeAlias = Any  # what JSON gives
Names: TypeAlias = frozenset[str]

# The fields of a statement that name what it changes; every other relation in it is read.
_TARGETS: Mapping[str, tuple[str, ...]] = {
    "InsertStmt": ("relation",),
    "UpdateStmt": ("relation",),
    "DeleteStmt": ("relation",),
    "MergeStmt": ("relation",),
    "TruncateStmt": ("relations",),
    "RefreshMatViewStmt": ("relation",),
    "CreateStmt": ("relation",),
    "AlterTableStmt": ("relation",),
    "IndexStmt": ("relation",),
    "ViewStmt": ("view",),
    "CreateTrigStmt": ("relation",),
    "RuleStmt": ("relation",),
    "CreatePolicyStmt": ("table",),
    "AlterPolicyStmt": ("table",),
    "RenameStmt": ("relation",),
    "AlterObjectSchemaStmt": ("relation",),
    "ClusterStmt": ("relation",),
    "CreateSeqStmt": ("sequence",),
    "AlterSeqStmt": ("sequence",),
}
_DEFINITIONS = frozenset(
    {"ViewStmt", "CreateTableAsStmt", "RefreshMatViewStmt", "RenameStmt", "AlterTableStmt", "AlterObjectSchemaStmt", "RuleStmt"}
)
_INTO = "rel"  # of SELECT INTO and CREATE TABLE AS
_ALIASES = frozenset({"lockedRels"})  # FOR UPDATE OF: what is named there stands in FROM too
_DROPPED = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE", "OBJECT_SEQUENCE"})
_PARTS = frozenset({"OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY"})  # of a table, whose name stands before theirs
_DEFINES = frozenset({"CreateFunctionStmt", "CreateTrigStmt", "CreateEventTrigStmt"})  # a routine that is named there is not called
_ENDS = ("at end of input", "unterminated")
_VALUE = re.compile(r""" at or near "(?![^\W\d]\w*"|[^\w'"$]{1,2}").*\Z""", re.DOTALL)  # all that is no word: somebody's secret


def parse(sql: str) -> list[Node]:
    """The statements of a text, as PostgreSQL's grammar has them; UnreadableStatement."""
    if "\0" in sql:
        raise UnreadableStatement("it has a zero byte in it")
    try:
        return list(pgparse.parse(sql))
    except pgparse.PGQueryError as exc:
        raise UnreadableStatement(_explain(exc.message)) from exc
    except RecursionError as exc:
        raise UnreadableStatement("it is nested too deeply") from exc
    except UnicodeEncodeError as exc:
        raise UnreadableStatement("it is no text that UTF-8 can spell") from exc


def _explain(message: str) -> str:
    """Without what is a value of the text."""
    told = _VALUE.sub("", message)
    return f"{told}: its end is missing" if any(end in message for end in _ENDS) else told


def read_tree(statements: Iterable[Node]) -> Statement:
    """What the statements do together."""
    return joined(map(_read_one, statements))


def _read_one(raw: Node) -> Statement:
    ((kind, node),) = raw["stmt"].items()
    return _Reader().read(kind, node)


@dataclass
class _Reader:
    """Of one statement."""

    reads: set[TableRef] = field(default_factory=set)
    writes: set[TableRef] = field(default_factory=set)
    calls: set[TableRef] = field(default_factory=set)
    defines: set[TableRef] = field(default_factory=set)
    temporary: set[TableRef] = field(default_factory=set)
    waiting: list[tuple[str, Node, Names, bool]] = field(default_factory=list)  # kind, node, names of WITH, whether it is changed

    def read(self, kind: str, node: Node) -> Statement:
        self.waiting.append((kind, node, frozenset(), False))
        while self.waiting:  # a tree may be deeper than Python's stack
            self._enter(*self.waiting.pop())
        if kind == "ExplainStmt" and not _analyzes(node):
            self.reads, self.writes = self.reads | self.writes, set()
        return Statement(
            verbs=(_verb(kind, node),),
            reads=frozenset(self.reads),
            writes=frozenset(self.writes),
            calls=frozenset(self.calls),
            defines=frozenset(self.defines),
            temporary=frozenset(self.temporary),
            **_said(kind, node),
        )

    def _enter(self, kind: str, node: Node, names: Names, changed: bool) -> None:
        if isinstance(node, list):
            self.waiting.extend((kind, each, names, changed) for each in node)
        elif isinstance(node, dict):
            if "relname" in node:
                self._relation(kind, node, names, changed)
            elif "funcname" in node and kind not in _DEFINES:
                self.calls.add(_named(node["funcname"]))
            names = self._with(node, names)
            for name, value in node.items():
                self._field(kind, node, name, value, names, changed)

    def _field(self, kind: str, node: Node, name: str, value: Node, names: Names, changed: bool) -> None:
        if name[0].isupper():
            self.waiting.append((name, value, names, changed))
        elif name == "objects" and kind == "DropStmt":
            self.defines |= set(_dropped(node))
            self.writes |= self.defines
        elif name not in _ALIASES and name != "withClause" and isinstance(value, (dict, list)):
            inner = "CreateStmt" if name == "base" else kind  # of CREATE FOREIGN TABLE
            target = name in _TARGETS.get(kind, ()) or name == _INTO or (kind == "CopyStmt" and name == "relation" and node.get("is_from"))
            self.waiting.append((inner, value, names, bool(target)))

    def _relation(self, kind: str, node: Node, names: Names, changed: bool) -> None:
        ref = TableRef(node.get("schemaname") or None, node["relname"])
        if changed:  # PostgreSQL looks for what is changed among the tables alone
            self.writes.add(ref)
            if kind in _DEFINITIONS:
                self.defines.add(ref)
            if kind == "RefreshMatViewStmt":
                self.reads.add(ref)
            if node.get("relpersistence") == "t":
                self.temporary.add(ref)
        elif ref.schema is not None or ref.name not in names:
            self.reads.add(ref)

    def _with(self, node: Node, names: Names) -> Names:
        """The names that the rest of the node sees; a query of WITH sees those before it, in WITH RECURSIVE all."""
        clause = node.get("withClause")
        if not clause:
            return names
        queries = [each["CommonTableExpr"] for each in clause["ctes"]]
        every = names | {query["ctename"] for query in queries}
        for query in queries:
            self.waiting.append(("", query, every if clause.get("recursive") else names, False))
            names |= {query["ctename"]}
        return names


def _verb(kind: str, node: Node) -> str:
    if kind == "ExplainStmt" or kind == "PrepareStmt":
        return f"{kind.removesuffix('Stmt').lower()} {_verb(*next(iter(node['query'].items())))}"
    return kind.removesuffix("Stmt").lower()


def _said(kind: str, node: Node) -> dict[str, Any]:
    """What only some kinds of statements say."""
    if kind == "TransactionStmt":
        return {"transactions": (node["kind"].removeprefix("TRANS_STMT_").lower(),)}
    if kind == "PrepareStmt":
        return {"prepares": frozenset({node["name"]})}
    if kind == "ExecuteStmt":
        return {"executes": frozenset({node["name"]})}
    if kind == "CreateTableAsStmt" and "ExecuteStmt" in node.get("query", {}):
        return {"executes": frozenset({node["query"]["ExecuteStmt"]["name"]})}
    if kind == "VariableSetStmt" and (node.get("name") == "search_path" or node.get("kind") == "VAR_RESET_ALL"):
        return {"search_path": tuple(_constants(node.get("args", ())))}
    if kind == "DiscardStmt" and node.get("target") == "DISCARD_ALL":
        return {"search_path": ()}
    if kind == "DoStmt":
        return {"bodies": (_body(node),)}
    return {}


def _constants(args: Iterable[Node]) -> Iterator[str]:
    for arg in args:
        value = arg.get("A_Const", {}).get("sval", {}).get("sval")
        if value is not None:
            yield value


def _body(node: Node) -> Body:
    said = {each["DefElem"]["defname"]: each["DefElem"]["arg"] for each in node["args"]}
    return Body(_text(said["language"]) if "language" in said else "plpgsql", _text(said["as"]) if "as" in said else "")


def _text(node: Node) -> str:
    if "List" in node:
        node = node["List"]["items"][0]
    return str(node["String"].get("sval", ""))


def _analyzes(node: Node) -> bool:
    options = (each["DefElem"] for each in node.get("options", ()))
    return any(option["defname"] == "analyze" and _is_on(option.get("arg")) for option in options)


def _is_on(arg: Node) -> bool:
    """EXPLAIN (ANALYZE), and what may stand behind it; zeros are left out of a tree."""
    if arg is None:
        return True
    return arg != {"Integer": {}} and arg.get("String", {}).get("sval", "").lower() not in ("false", "off", "0")


def _dropped(node: Node) -> Iterator[TableRef]:
    for each in node["objects"]:
        names = each.get("List", {}).get("items", ())
        if node.get("removeType") in _DROPPED:
            yield _named(names)
        elif node.get("removeType") in _PARTS:
            yield _named(names[:-1])


def _named(parts: list[Node]) -> TableRef:
    """Of the last two parts: the database may stand before them."""
    names = [part["String"]["sval"] for part in parts]
    return TableRef(names[-2] if len(names) > 1 else None, names[-1])
