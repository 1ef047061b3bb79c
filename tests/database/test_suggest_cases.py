"""Precision and recall on the real schemas: what `splitter suggest` proposes against the references that their rows were made with."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from splitter.catalog import read_schema
from splitter.db import connect
from splitter.events import silent
from splitter.json_path import spell_path
from splitter.schema import Schema, TableName
from splitter.silos import SoftReference, SoftTarget
from splitter.silos_file import parse_silos
from splitter.suggest.command import Existing, Written, suggest_for
from splitter.suggest.text import open_questions
from tests.cases_facts import CASES
from tests.cases_support import find_cases, read_owners, run_script, run_sql
from tests.servers import Servers

Found = tuple[str, ...]  # table, columns, path or type column and label, target

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Case:
    name: str
    schema: Schema
    by_rows: Written
    by_names: Written
    again: Written

    @property
    def truth(self) -> set[Found]:
        """References that no foreign key holds, as the rows were made with them."""
        known = read_owners(self.name)["undeclared"]
        columns = {(each[0], each[1], "", each[2]) for each in (*known["virtual"], *known["arrays"])}
        pairs = {
            (table, column, f"{kind} {label}", to) for table, kind, column, targets in known["polymorphic"] for label, to in targets.items()
        }
        return columns | pairs | {(table, column, path, to) for table, column, path, to in known["json"]}


def found_of(references: list[tuple[SoftReference, tuple[SoftTarget, ...]]]) -> set[Found]:
    return {
        (
            _spelled(reference.table),
            *reference.columns,
            spell_path(reference.path) if reference.json else f"{reference.type_column} {target.label}" if target.label else "",
            _spelled(target.table),
        )
        for reference, targets in references
        for target in targets
    }


def _spelled(table: TableName) -> str:
    return f"{table.schema}.{table.name}"


def proposed(written: Written) -> set[Found]:
    return found_of([(each.reference, each.reference.targets) for each in written.suggestion.references])


@pytest.fixture(scope="module", params=sorted(CASES))
def case(request: pytest.FixtureRequest, servers: Servers) -> Case:
    """On PostgreSQL 15 alone: Concourse needs pgcrypto, which the wheel's server lacks."""
    name = str(request.param)
    folder, url = find_cases() / name, servers(15).create()
    run_script(url, folder / "schema.sql")
    run_sql(url, gzip.decompress((folder / "data.sql.gz").read_bytes()))
    root = TableName(*str(read_owners(name)["root"]).split(".", 1))
    with connect(url, setting="test", readonly=True) as conn:
        schema = read_schema(conn)
        by_rows = suggest_for(schema, root, None, conn, silent)
        existing = Existing(silos=parse_silos(by_rows.text, {}), text=by_rows.text)
        again = suggest_for(schema, root, existing, conn, silent)
    return Case(name, schema, by_rows, suggest_for(schema, root, None, None, silent), again)


# beside the references that the rows were made with, some that the schema itself has: keys of several columns of which one may be NULL
TRUE_ALL_THE_SAME: dict[str, set[Found]] = {
    "concourse": {("public.volumes", "parent_id", "", "public.volumes")},
    "citusads": {(f"public.{table}", "company_id", "", "public.companies") for table in ("ads", "clicks", "impressions")},
}


def test_by_rows_all_are_found_and_no_other(case: Case):
    found = proposed(case.by_rows)
    assert found - case.truth == TRUE_ALL_THE_SAME.get(case.name, set())
    assert case.truth - found == set()


NAMES = {  # of those that are proposed by names alone, the part that is right; of all that are right, the part that is proposed or asked
    "citusads": (0.0, 1.0),  # no row was made with its three, which tests/cases/citusads/silos.toml has
    "concourse": (0.8, 1.0),
    "hatchet": (0.95, 1.0),
    "labelstudio": (0.7, 1.0),
    "langfuse": (0.85, 0.8),  # labels that only rows have
}


def test_by_names_most_are_right_and_none_is_overlooked(case: Case):
    precision, recall = NAMES[case.name]
    columns = {each for each in case.truth if not each[2].startswith("$")}
    found = {each for each in proposed(case.by_names) if len(each) == 4}
    asked = {
        each
        for each in found_of([(_as_reference(each), each.targets) for each in open_questions(case.by_names.suggestion)])
        if len(each) == 4
    }
    assert len(found & columns) >= precision * len(found)
    assert len((found | asked) & columns) >= recall * len(columns)


def _as_reference(question: Any) -> SoftReference:
    return SoftReference(
        table=question.table,
        columns=question.columns,
        targets=question.targets,
        type_column=question.type_column,
        json=question.json,
        path=question.path,
    )


def test_a_second_time_nothing_is_to_be_added(case: Case):
    assert case.again.text == ""


def test_what_is_decided_of_tables_is_what_a_person_decided(case: Case):
    """Where the suggestion decides at all; the rest is a question."""
    decided = parse_silos((Path(__file__).parents[1] / "cases" / case.name / "silos.toml").read_text())
    placed = {each.table: each.role.value for each in case.by_rows.suggestion.placements if each.role.value != "undecided"}
    theirs = {table: "control" if decided.silo_of(table).value == "control" else decided.rules(table).export.value for table in placed}
    assert placed == theirs
