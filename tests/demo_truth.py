"""What the sample application's rows become when they move, by a few lines of their own that share no code with orglift."""

from __future__ import annotations

import json
import re
from typing import Any

from relocate.demo.data import REGION_COLUMNS, Row

# column -> the table whose id it holds
REFERENCES = {
    ("organization", "plan_id"): "plan",
    ("organization", "owner_member_id"): "member",
    ("team", "organization_id"): "organization",
    ("member", "organization_id"): "organization",
    ("team_member", "team_id"): "team",
    ("team_member", "member_id"): "member",
    ("project", "organization_id"): "organization",
    ("project", "latest_group_id"): "group",
    ("project_team", "project_id"): "project",
    ("project_team", "team_id"): "team",
    ("integration", "organization_id"): "organization",
    ("group", "project_id"): "project",
    ("group", "assignee_id"): "member",
    ("event", "project_id"): "project",
    ("event", "group_id"): "group",
    ("comment", "group_id"): "group",
    ("comment", "parent_id"): "comment",
    ("comment", "author_id"): "member",
    ("rule", "project_id"): "project",
    ("dashboard", "organization_id"): "organization",
    ("audit_log", "organization_id"): "organization",
}
ORIGIN_OF_US = 1 << 36


def shift(value: Any) -> Any:
    """An id of us, everywhere else."""
    return None if value is None else int(value) + ORIGIN_OF_US


def moved_row(table: str, row: Row, plans: dict[int, int]) -> Row:
    """A row of us as it has to be in de; ``plans`` are the ids of the shared plans there."""
    values: dict[str, Any] = dict(zip(REGION_COLUMNS[table], row, strict=True))
    for column in values:
        if column == "id" or REFERENCES.get((table, column), "plan") != "plan":
            values[column] = shift(values[column])
    rewrite = _SPECIAL.get(table)
    return tuple((rewrite(values, plans) if rewrite else values).values())


def _organization(values: dict[str, Any], plans: dict[int, int]) -> dict[str, Any]:
    return values | {"plan_id": plans[values["plan_id"]]}


def _audit_log(values: dict[str, Any], _plans: dict[int, int]) -> dict[str, Any]:
    """Users keep their ids; a target that is gone is rewritten all the same."""
    return values if values["target_type"] == "user" else values | {"target_id": shift(values["target_id"])}


def _dashboard(values: dict[str, Any], _plans: dict[int, int]) -> dict[str, Any]:
    layout = re.sub(r'("project_id": )(\d+)', lambda found: f"{found[1]}{shift(found[2])}", values["layout"])
    return values | {"project_ids": [shift(project) for project in values["project_ids"]], "layout": layout}


def _integration(values: dict[str, Any], _plans: dict[int, int]) -> dict[str, Any]:
    return values | {"config": re.sub(r'"(\d+)":', lambda found: f'"{shift(found[1])}":', values["config"])}


def _rule(values: dict[str, Any], _plans: dict[int, int]) -> dict[str, Any]:
    data = json.loads(values["data"])
    data["actions"] = [
        {name: shift(value) if name in ("team_id", "integration_id", "target_id") else value for name, value in action.items()}
        for action in data["actions"]
    ]
    return values | {"data": json.dumps(data)}


_SPECIAL = {"organization": _organization, "audit_log": _audit_log, "dashboard": _dashboard, "integration": _integration, "rule": _rule}
