"""The commands of runbooks/cascades.md, in their order, where three accounts were deleted."""

from __future__ import annotations

import pytest

from tests.journeys.demo_commands import new_shell
from tests.runbooks import FOLDER, read_commands
from tests.split_databases import Split

SCRIPT = """
CREATE TABLE org (id int PRIMARY KEY);
CREATE TABLE account (id int PRIMARY KEY); INSERT INTO account SELECT generate_series(1, 9);
CREATE TABLE member (id int PRIMARY KEY, account_id int REFERENCES account ON DELETE CASCADE);
CREATE TABLE note (id int PRIMARY KEY, member_id int REFERENCES member ON DELETE CASCADE);
"""
SILOS = """[organization]
table = "org"
[control]
url = "${CONTROL_URL}"
tables = ["account"]
[regions.us]
url = "${US_URL}"
"""


@pytest.mark.long
@pytest.mark.postgres(18)
def test_cascades(make_database):
    split = Split(make_database, SCRIPT, ("account",), ("us",))
    split.do("us", "INSERT INTO member SELECT g, g FROM generate_series(1, 9) AS g")
    split.do("control", "DELETE FROM account WHERE id < 4")
    with new_shell() as shell:
        shell.demo.mkdir()
        (shell.demo / "silos.toml").write_text(SILOS, encoding="utf-8")
        urls = "".join(f"export {name.upper()}_URL='{url}'; " for name, url in split.urls.items())
        for command in read_commands(FOLDER / "cascades.md"):
            printed = [line.strip() for line in shell.expect(urls + command.line).splitlines()]
            assert [line for line in command.prints if not _is_told(line, printed)] == [], printed
    assert split.values("us", "SELECT min(id) FROM member") == [4]


def _is_told(line: str, printed: list[str]) -> bool:
    """How long something has waited is different every time."""
    return line.partition(" for ")[0] in [each.partition(" for ")[0] for each in printed]
