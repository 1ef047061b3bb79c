"""The blocks that a plan prints say in silos.toml what was meant, whatever the names are."""

from __future__ import annotations

import pytest

from splitter.reference_blocks import render_reference_block
from splitter.schema import TableName
from splitter.silos_file import parse_silos

HEAD = '[organization]\ntable = "org"\n[regions.us]\nurl = "postgresql:///x"\n'
NAMES = ["t", 'qu"ote', "do.t", "new\nline", "back\\slash", "tab\t", "del\x7f", "ünï", " ", "select", "'", "#", "[x]"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_comes_back(name: str) -> None:
    table, parent = TableName("a b", name), TableName("public", name)
    block = render_reference_block((table, (name, "y")), (parent, ("id", name)), 'on_delete = "set default"')
    (reference,) = parse_silos(f"{HEAD}\n{block}\n").references
    assert (reference.table, reference.columns, reference.on_delete) == (table, (name, "y"), "set default")
    assert [(target.table, target.columns) for target in reference.targets] == [(parent, ("id", name))]
