"""silos.toml -> SiloMap: what is right is read, and what is wrong is told, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitter.errors import ConfigError
from splitter.json_path import EveryItem, Member
from splitter.layout import IdLayout
from splitter.schema import TableName
from splitter.silos import Accepted, Export, Hide, Hooks, OwnMapping, SoftTarget
from splitter.silos_file import load_silos, parse_silos

ROOT = Path(__file__).parents[2]
HEAD = '[organization]\ntable = "organization"\n'


def table(name: str) -> TableName:
    return TableName("public", name)


def parsed(text: str):
    return parse_silos(HEAD + text, {})


def reference(text: str):
    return parsed(f"[[references]]\n{text}").references[0]


def problems(text: str, head: str = HEAD):
    with pytest.raises(ConfigError) as caught:
        parse_silos(head + text, {})
    assert caught.value.exit == 2
    return caught.value.problems


def told(text: str, head: str = HEAD) -> list[str]:
    """What is wrong: where, which kind, found, remedy."""
    return [f"{problem.object} [{problem.code}] {problem.found}; {problem.remedy}" for problem in problems(text, head)]


@pytest.mark.parametrize("path", ["relocate/demo/silos.toml", *(f"tests/cases/{name}/silos.toml" for name in ("hatchet", "langfuse"))])
def test_real_files_are_read(path):
    assert load_silos(ROOT / path, {}).references


def test_an_organization_alone_is_a_whole_file():
    silos = parsed("")
    assert silos.organization.table == table("organization")
    assert (silos.ids, silos.control, silos.regions, silos.hooks) == (IdLayout(), None, {}, Hooks())
    assert (silos.references, silos.tables, silos.accepted) == ((), {}, ())


def test_the_organization_has_slug_and_hide():
    organization = parsed('slug = "slug"\nhide = { column = "status", live = 0, moving = "m" }').organization
    assert organization.slug == "slug"
    assert organization.hide == Hide(column="status", live=0, moving="m")


def test_databases_name_the_keys_that_gave_them():
    silos = parsed('[control]\nurl = "${C}"\n[regions.us]\nurl = "${U}"\n[regions."eu.west"]\nurl = "host=${E}"')
    assert [database.setting for database in silos.databases] == ["control.url", "regions.us.url", 'regions."eu.west".url']
    assert [database.name for database in silos.databases] == ["control", "us", "eu.west"]


def test_unset_variables_are_no_matter_until_a_url_is_asked_for():
    assert parsed('[regions.us]\nurl = "${NOT_SET}"').region("us").raw == "${NOT_SET}"


def test_a_mapping_of_the_application_is_read():
    control = parsed('[control]\ntables = ["m"]\nmapping = { table = "m", organization = "o", region = "r" }').control
    assert control.mapping == OwnMapping(table=table("m"), organization="o", slug=None, region="r")
    assert control.database is None


def test_a_plain_reference_has_the_defaults():
    plain = reference('from = "member.user_id"\nto = "auth_user.id"')
    assert (plain.table, plain.columns) == (table("member"), ("user_id",))
    assert plain.targets == (SoftTarget(table=table("auth_user"), columns=("id",)),)
    assert (plain.on_delete, plain.dangling, plain.on_move, plain.json) == (None, "keep", "follow", False)


def test_a_composite_reference_has_columns_in_order():
    composite = reference('from = ["s.t.a", "s.t.b"]\nto = ["p.x", "p.y"]\nnone_values = [0, "nobody"]')
    assert (composite.table, composite.columns) == (TableName("s", "t"), ("a", "b"))
    assert composite.targets[0].columns == ("x", "y")
    assert composite.none_values == (0, "nobody")


def test_a_polymorphic_reference_has_a_target_for_each_label():
    targets = reference('from = "log.target_id"\ntype_column = "kind"\nto = { team = "team.id", "a b" = "s.x.id" }').targets
    assert [(target.label, str(target.table)) for target in targets] == [("team", "team"), ("a b", "s.x")]


def test_a_reference_inside_json_has_a_path():
    inside = reference('from = "rule.data"\npath = "$.a[*].id"\ntype_path = "$.a[*].kind"\nto = { team = "team.id" }')
    assert inside.json
    assert inside.path == (Member("a"), EveryItem(), Member("id"))
    assert inside.type_path == (Member("a"), EveryItem(), Member("kind"))


def test_the_document_itself_is_a_path():
    whole = reference('from = "rule.data"\npath = "$"\nkeys = true\nto = "team.id"')
    assert (whole.json, whole.path, whole.keys) == (True, (), True)


def test_rules_of_a_table_are_read():
    rules = parsed(
        '[tables."billing.plan"]\nexport = "shared"\nmatch = [["name", "region"], ["id"]]\nignore = ["at"]\non_missing = "insert"\n'
        'ids = ["number"]\nnot_ids = ["count"]\naccept_triggers = ["notify_x"]\n'
    ).rules(TableName("billing", "plan"))
    assert rules.export is Export.SHARED
    assert rules.match == (("name", "region"), ("id",))
    assert (rules.ignore, rules.on_missing, rules.ids, rules.not_ids) == (("at",), "insert", ("number",), ("count",))
    assert rules.accept_triggers == ("notify_x",)


@pytest.mark.parametrize(("text", "owner"), [('"a"', ("a",)), ('["a", "b"]', ("a", "b"))])
def test_an_owner_is_a_column_or_several(text, owner):
    assert parsed(f"[tables.comment]\nowner = {text}").rules(table("comment")).owner == owner


def test_hooks_and_accepted_findings_are_read():
    silos = parsed('[hooks]\nbefore_copy = "stop"\ntimeout = 5\n[[accept]]\ncode = "crossing"\nobject = "a -> b"\nwhy = "legal"')
    assert silos.hooks == Hooks(before_copy="stop", timeout=5)
    assert silos.accepted == (Accepted(code="crossing", object="a -> b", why="legal"),)


def test_two_files_that_say_the_same_are_equal():
    assert parsed("# a comment\n\n[tables.a]\n") == parsed("[tables.a]")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tabels.x]", "silos.toml:3: tabels [unknown-key] unknown key 'tabels'; did you mean 'tables'?"),
        ('slag = "x"', "silos.toml:3: organization.slag [unknown-key] unknown key 'slag'; did you mean 'slug'?"),
        ("[ids]\nbits = 64", "silos.toml:4: ids.bits [wrong-value] 64 does not fit; write 63 or less"),
        ("[ids]\nbits = true", "silos.toml:4: ids.bits [wrong-value] true does not fit; write a whole number"),
        ("hide = 3", "silos.toml:3: organization.hide [wrong-value] 3 is not a table; write [organization.hide] and its keys below it"),
        ("[hooks]\ntimeout = 0", "silos.toml:4: hooks.timeout [wrong-value] 0 does not fit; write a number above 0.0"),
        (
            "[references]\nfrom = 1",
            "silos.toml:3: references [wrong-value] is one table, not a list of them; write [[references]] above each",
        ),
        (
            '[tables.x]\nexport = "share"',
            'silos.toml:4: tables.x.export [wrong-value] "share" is none of its values; write "rows", "referenced", "shared" or "none"',
        ),
        (
            '[tables.x]\nmatch = ["name"]',
            'silos.toml:4: tables.x.match[0] [wrong-value] "name" is not a list of columns;'
            ' write a list of alternatives, each a list: match = [["name"]]',
        ),
        (
            "[tables.billing.invoice]\nids = []",
            'silos.toml:3: tables.billing [wrong-value] is a table of tables; quote a name with a schema: [tables."billing.invoice"]',
        ),
        ('[[accept]]\ncode = "x"\nobject = "y"', "silos.toml:3: accept[0].why [missing-key] is missing; add the key 'why'"),
        (
            '[regions]\nus = "${U}"',
            'silos.toml:4: regions.us [wrong-value] "${U}" is not a table; write [regions.us] and its keys below it',
        ),
    ],
)
def test_a_problem_says_where_what_and_what_would_be_right(text, problem):
    assert told(text) == [problem]


def test_all_problems_are_told_at_once():
    text = '[ids]\nbitz = 3\n[[references]]\nfrom = "a"\nto = "b.c"\n[tables.x]\nexport = "none"\n[tables.y]\nexport = 4\nwy = "x"\n'
    assert [problem.object.split(": ")[1] for problem in problems(text)] == [
        "ids.bitz",
        "references[0].from",
        "tables.x.export",
        "tables.y.export",
        "tables.y.wy",
    ]


def test_the_error_counts_what_its_problems_tell():
    with pytest.raises(ConfigError, match=r"^conf\.toml has 2 problems$"):
        parse_silos("[ids]\nx = 1", {}, source="conf.toml")


def test_a_file_without_an_organization_is_told_so():
    assert told("", head="") == [
        "silos.toml: organization [missing-key] is missing; add [organization] with table, the tenant's root table"
    ]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret@h/db",
        "postgres://u:s3cret${X}@h/db",
        "postgresql+psycopg://u:s3cret@h",
        "${SCHEME}://u:s3cret@h/db",
        "postgresql://u@h/db?password=s3cret",
        "host=h password=s3cret",
        "host=h password='s3 cret'",
        "host=h PASSWORD = s3cret",
        "host=h sslpassword=s3cret",
    ],
)
def test_a_password_in_the_file_is_refused_and_not_repeated(url):
    (problem,) = problems(f'[control]\nurl = "{url}"')
    assert (problem.object, problem.code) == ("silos.toml:4: control.url", "secret")
    assert "s3" not in problem.found + problem.remedy


def test_a_password_in_a_wrong_place_is_not_repeated_either():
    assert "s3cret" not in str(problems('[regions]\nus = "postgresql://u:s3cret@h/db"'))


@pytest.mark.parametrize(
    "url",
    [
        "${U}",
        "postgresql://u:${PW}@h:5432/db",
        "postgresql://u@h/db",
        "host=h password=${PW}",
        "postgresql:///db?passfile=x",
        "dbname=a@b:c",
    ],
)
def test_a_url_without_a_password_is_taken(url):
    assert parsed(f'[control]\nurl = "{url}"').control.database.raw == url


@pytest.mark.parametrize("url", ["${U", "${1}", "${A B}", "${}", ""])
def test_a_url_with_half_a_variable_is_refused(url):
    assert [problem.object for problem in problems(f'[control]\nurl = "{url}"')] == ["silos.toml:4: control.url"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('from = "a"\nto = "b.id"', '"a" has 1 part'),
        ('from = "a.b.c.d"\nto = "b.id"', '"a.b.c.d" has 4 parts'),
        ('from = "a..b"\nto = "b.id"', "'a..b' has an empty or half-quoted part"),
        ('from = []\nto = "b.id"', "is an empty list"),
        ('from = ["a.x", "b.y"]\nto = ["c.x", "c.y"]', "columns of several tables: a, b"),
        ('from = ["a.x", "a.x"]\nto = ["c.x", "c.y"]', "names a column twice"),
        ('from = ["a.x", "a.y"]\nto = "c.x"', "2 columns cannot hold 1"),
        ('from = "a.x"\nto = ["c.x", "c.y"]', "1 column cannot hold 2"),
        ('from = "a.x"\nto = {}', "names no target"),
        ('from = "a.x"\nto = "a.x"', "a column that refers to itself"),
        ('from = "a.x"\nto = "orglift.mapping.id"', "'orglift.mapping' is in the schema orglift, which is outside both silos"),
        ('from = "a.x"\nto = { b = "b.id" }', "`to` has labels, and nothing says which one a row has"),
        ('from = "a.x"\nto = "b.id"\ntype_column = "t"', "type_column without labels"),
        ('from = "a.x"\nto = { b = "b.id" }\ntype_column = "x"', "'x' cannot be id and label at once"),
        ('from = "a.x"\nto = { b = "b.id" }\ntype_path = "$.t"', "type_path without path"),
        ('from = "a.x"\nto = "b.id"\nkeys = true', "keys without path"),
        ('from = "a.x"\nto = "b.id"\npath = "x"', "'x' is no path"),
        ('from = ["a.x", "a.y"]\nto = ["b.id", "b.x"]\npath = "$.x"', "a path into several columns"),
        (
            'from = "a.x"\nto = { b = "b.id" }\npath = "$.p.x"\ntype_path = "$.q.t"',
            "'$.q.t' is no member of an object on the way of '$.p.x'",
        ),
        (
            'from = "a.x"\nto = { b = "b.id" }\npath = "$.p[0]"\ntype_path = "$.p[*]"',
            "'$.p[*]' is no member of an object on the way of '$.p[0]'",
        ),
        ('from = "a.x"\nto = "b.id"\non_delete = "restrict"', "nothing can be restricted across databases"),
        ('from = "a.x"\nto = "b.id"\nrestrict_becomes = "none"', 'restrict_becomes without on_delete = "restrict"'),
        ('from = "a.x"\nto = "b.id"\nnone_values = [true]', "true is no id"),
    ],
)
def test_a_reference_that_cannot_be_is_refused(text, found):
    assert [problem.found for problem in problems(f"[[references]]\n{text}")] == [found]


def test_a_file_that_is_not_toml_names_the_line():
    with pytest.raises(ConfigError, match=r"^silos\.toml is not TOML: .*line 1"):
        parse_silos("[organization\n", {})


def test_a_missing_file_names_it_and_the_option(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no file .*none\.toml") as caught:
        load_silos(tmp_path / "none.toml")
    assert "--config" in caught.value.hint


def test_a_file_that_is_not_utf8_is_told(tmp_path):
    path = tmp_path / "silos.toml"
    path.write_bytes(b"# \xff")
    with pytest.raises(ConfigError, match="is not UTF-8 at byte 2"):
        load_silos(path)


def test_a_byte_order_mark_is_passed_over(tmp_path):
    path = tmp_path / "silos.toml"
    path.write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert load_silos(path).organization.table == table("organization")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_silos(tmp_path)
