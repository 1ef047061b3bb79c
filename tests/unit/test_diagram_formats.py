"""The files: each can be read back by what reads its format, whatever the tables are called, and all say the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from splitter.diagram.document import make_document, render_json
from splitter.diagram.dot import render_dot
from splitter.diagram.html import render_html
from splitter.diagram.lettering import visible
from splitter.diagram.svg import render_svg
from tests.diagrams import HOSTILE, hostile, small, thousand

SVG = "{http://www.w3.org/2000/svg}"
PAGES = Path(__file__).parents[2] / "docs" / "graph.md"


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and the texts of its scripts and titles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._open:
            self.texts[self._open[-1]][-1] += data


# svg


@pytest.mark.parametrize("make", [small, hostile, thousand])
def test_svg_is_well_formed_and_shows_every_table_and_crossing(make):
    found = make()
    root = ElementTree.fromstring(render_svg(found))
    tables = [each for each in root.iter(f"{SVG}g") if each.get("class", "").startswith("table ")]
    assert len(tables) == len(found.tables)
    lines = [each for each in root.iter(f"{SVG}path") if "crossing" in each.get("class", "") and each.get("id")]
    assert sorted(int(line.get("id", "")[1:]) for line in lines) == list(found.crossings)


def test_svg_tells_hard_from_soft_in_form_and_not_in_colour_alone():
    text = render_svg(small())
    assert re.search(r"\.line\.soft { stroke-dasharray: \d", text)
    root = ElementTree.fromstring(text)
    kinds = [each.get("class", "") for each in root.iter(f"{SVG}path") if "crossing" in each.get("class", "") and each.get("id")]
    assert sorted(kinds) == ["line hard crossing", "line hard crossing", "line soft crossing"]
    words = " ".join(each.text or "" for each in root.iter(f"{SVG}text"))
    assert "2 hard crossings" in words and "1 soft crossings" in words


def test_svg_needs_nothing_from_outside_and_no_variables():
    text = render_svg(small())
    assert "var(" not in text and "<script" not in text
    assert re.findall(r"(?:https?:)//[^\"]+", text) == ["http://www.w3.org/2000/svg"]


def test_references_inside_a_silo_are_left_out_of_the_svg_only_when_there_are_many():
    def inner(text: str) -> int:
        root = ElementTree.fromstring(text)
        return sum(each.get("class") in ("line hard", "line soft") and each.get("id") is not None for each in root.iter(f"{SVG}path"))

    assert inner(render_svg(small())) == len(small().references) - 3
    many = render_svg(thousand())
    assert inner(many) == 0 and "not drawn" in many


# html


def test_a_page_loads_nothing_and_allows_only_its_own_script():
    page = Page(render_html(hostile()))
    assert not [element for element, _ in page.elements if element in ("img", "iframe", "object", "embed", "base", "form", "a")]
    links = [attributes[key] for _, attributes in page.elements for key in ("src", "href", "xlink:href", "action") if key in attributes]
    assert links == ["data:,"]
    (policy,) = [attributes["content"] for _, attributes in page.elements if attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None and policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert [attributes.get("type") for element, attributes in page.elements if element == "script"] == ["application/json", None]
    assert not [key for _, attributes in page.elements for key in attributes if key.startswith("on") or key == "style"]


def test_a_page_holds_the_document_unchanged():
    found = hostile()
    page = Page(render_html(found))
    assert json.loads(page.texts["script"][0]) == json.loads(json.dumps(make_document(found)))


def test_hostile_names_are_text_in_a_page():
    page = Page(render_html(hostile()))
    assert visible("</title><script>alert(2)</script>") in page.texts["h1"][0]
    assert not any("alert" in script for script in page.texts["script"][1:])


def test_a_page_is_the_same_every_time():
    assert render_html(small()) == render_html(small())


# dot


@pytest.mark.parametrize("make", [small, hostile])
def test_graphviz_reads_the_dot_file_as_it_was_meant(make):
    found = make()
    read = json.loads(run_dot(render_dot(found)))
    nodes = {each["name"]: each["label"] for each in read["objects"] if "nodes" not in each and "subgraphs" not in each}
    assert len(nodes) == len(found.tables)
    assert len(read["edges"]) == len(found.references)
    for number, table in enumerate(found.tables):
        assert nodes[f"t{number}"] == visible(str(table.name)).replace("\\", "\\\\").replace("&", "&amp;")
    crossing = [each for each in read["edges"] if each["penwidth"] == "2"]
    assert len(crossing) == len(found.crossings)
    assert sum(each["style"] == "dashed" for each in crossing) == sum(not found.references[each].is_hard for each in found.crossings)


def run_dot(text: str) -> str:
    program = shutil.which("dot")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Graphviz: install the package graphviz")
    done = subprocess.run([program, "-Tdot_json"], input=text.encode(), capture_output=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return done.stdout.decode()


# json


def test_the_document_names_everything_exactly():
    document = json.loads(render_json(hostile()))
    names = {table["name"] for table in document["tables"]}
    assert "new\nline" in names and '"dotted.name"' in names and "</script><script>alert(1)</script>" in names
    assert {finding["object"] for finding in document["findings"]} == set(HOSTILE)


def test_the_document_counts_and_links():
    document = json.loads(render_json(small()))
    counted = {"control": 2, "region": 7, "inside": 9, "hard": 2, "soft": 1, "to_control": 2, "to_region": 1}
    assert document["counts"] == counted
    assert sum(reference["crosses"] for reference in document["references"]) == 3
    labels = next(table for table in document["tables"] if table["name"] == "issue_labels")
    assert [document["references"][number]["text"] for number in labels["way"]][-1] == "projects.org_id -> orgs.id"
    assert next(table["way"] for table in document["tables"] if table["name"] == "orgs") == []
    assert next(table["way"] for table in document["tables"] if table["name"] == "plans") is None
    (soft,) = [each for each in document["references"] if each["target"] == "users" and each["kind"] == "soft"]
    assert (soft["constraints"], soft["on_delete"]) == ([], None)


def test_the_documentation_names_every_member_of_the_document_and_no_other():
    document = make_document(small())
    written = set(re.findall(r"^\| `([a-z_.]+)` \|", PAGES.read_text("utf-8"), re.MULTILINE))
    real = set(document) | {f"counts.{key}" for key in document["counts"]}
    for part in ("domains", "tables", "references", "findings"):
        real |= {f"{part}.{key}" for key in document[part][0]}
    assert written == real
