"""The page in a browser: what a person can find, choose and read there, with the mouse and with keys alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page

from splitter.diagram.html import render_html
from splitter.diagram.lettering import visible
from tests.diagrams import HOSTILE, hostile, small, thousand

BIG_CROSSINGS = 100  # of ``thousand``: every tenth table refers to a user


@pytest.fixture
def page(open_page):
    return open_page(render_html(small()))


def panel(page: Page) -> Locator:
    return page.locator("#panel")


def title(page: Page) -> str:
    return panel(page).locator("h2").inner_text()


def section(page: Page, heading: str) -> Locator:
    return panel(page).locator("section", has=page.locator("h3", has_text=re.compile(f"^{heading}")))


def table(page: Page, text: str) -> Locator:
    """The table in the picture that is shown."""
    return page.locator(".picture:not([hidden]) .table", has=page.locator(f"text='{text}'"))


def shown_lines(page: Page, kind: str) -> int:
    return page.locator(f".picture:not([hidden]) .line{kind}").filter(visible=True).count()


def search(page: Page, text: str) -> None:
    page.fill("#search", text)
    page.keyboard.press("Enter")


# opening


def test_the_page_opens_with_an_overview_that_counts_right(page):
    facts = panel(page).locator(".facts").inner_text()
    assert title(page) == "Overview"
    assert "2 tables" in facts and "7 tables" in facts and "2 hard, 1 soft" in facts and "2 to control, 1 to the region" in facts
    assert (page.inner_text("#count-hard"), page.inner_text("#count-soft"), page.inner_text("#count-inside")) == ("2", "1", "9")
    assert (shown_lines(page, ".hard.crossing"), shown_lines(page, ".soft.crossing")) == (2, 1)


def test_all_tables_are_in_view_when_it_opens(page):
    stage = page.locator("#stage").bounding_box()
    for box in (each.bounding_box() for each in page.locator(".picture:not([hidden]) .table .hit").all()):
        assert stage["x"] <= box["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]
        assert stage["y"] <= box["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]


def test_hard_and_soft_crossings_differ_in_form(page):
    def dash(kind: str) -> object:
        line = page.locator(f".picture:not([hidden]) .line.{kind}.crossing").first
        return line.evaluate("line => getComputedStyle(line).strokeDasharray")

    assert dash("hard") == "none" and dash("soft") != "none"


def test_the_overview_lists_crossings_by_what_they_refer_to_and_findings_by_kind(page):
    crossings = section(page, "Crossings")
    assert crossings.locator("summary").all_inner_texts() == ["to users\n2", "to orgs\n1"]
    crossings.locator("summary").first.click()
    crossings.locator("li.reference").first.wait_for()
    assert crossings.locator("li.reference button").all_inner_texts() == ["issues.author_id", "members.user_id"]
    findings = section(page, "Findings")
    findings.locator("summary", has_text="undecided-table").click()
    findings.locator("li.finding").wait_for()
    assert "nothing ties it" in findings.inner_text() and "decide" in findings.inner_text()


# choosing


def test_a_click_shows_references_way_and_findings(page):
    table(page, "issues").click()
    assert title(page) == "issues"
    assert section(page, "Refers to").locator("li").all_inner_texts() == [
        "author_id → users.id\ncrosses · foreign key · on delete cascade",
        "parent_id → issues.id\nforeign key · on delete cascade",
        "project_id → projects.id\nforeign key · on delete cascade",
    ]
    assert section(page, "Referred to by").locator("button").all_inner_texts() == [
        "issue_labels.issue_id",
        "issue_notes.issue_id",
        "issues.parent_id",
    ]
    assert section(page, "Way to the organization").locator("li").all_inner_texts() == ["project_id → projects", "org_id → orgs"]
    assert "a foreign key crosses" in section(page, "Findings").inner_text()


def test_the_chosen_tables_lines_stand_out_and_the_others_step_back(page):
    table(page, "issues").click()
    assert page.locator(".picture:not([hidden]) .line.on").count() == 5
    assert page.locator(".picture:not([hidden]) .line.way").count() == 2
    faint = page.locator(".picture:not([hidden]) .crossings .line:not(.on):not(.way)").first
    assert float(faint.evaluate("line => getComputedStyle(line).opacity")) < 0.2


def test_a_click_beside_every_table_and_escape_go_back_to_the_overview(page):
    table(page, "issues").click()
    assert title(page) == "issues"
    page.mouse.click(5, 850)
    assert title(page) == "Overview"
    table(page, "issues").click()
    page.keyboard.press("Escape")
    assert title(page) == "Overview"


def test_names_in_the_panel_lead_from_table_to_table(page):
    table(page, "issue_labels").click()
    section(page, "Way to the organization").locator("button", has_text="projects").click()
    assert title(page) == "projects"
    assert table(page, "projects").evaluate("element => element.classList.contains('chosen')")


def test_a_table_without_a_way_says_why(page):
    table(page, "plans").click()
    assert "silos.toml says nothing of it" in section(page, "Way to the organization").inner_text()
    table(page, "auth_tokens").click()
    assert "control's rows belong to no organization" in section(page, "Way to the organization").inner_text()


def test_a_link_opens_with_its_table_chosen(open_page):
    page = open_page(render_html(small()), fragment="#members")
    assert title(page) == "members"
    assert "no foreign key" in section(page, "Refers to").inner_text()


# searching and filters


def test_search_finds_a_table_by_words_of_its_name(page):
    page.fill("#search", "note iss")
    assert page.locator("#hits [role=option]").all_inner_texts() == ["issue_notes"]
    assert page.locator(".table.found").count() == 1
    page.locator("#hits [role=option]").click()
    assert title(page) == "issue_notes"
    assert page.locator(".table.found").count() == 0


def test_search_says_when_there_is_none(page):
    page.fill("#search", "nowhere")
    assert page.inner_text("#hits") == "No table of that name"
    page.keyboard.press("Escape")
    assert page.locator("#hits").is_hidden() and page.input_value("#search") == ""


def test_only_tables_that_cross_can_be_shown(page):
    page.check("#only-crossing")
    assert sorted(page.locator(".picture:not([hidden]) .table text").all_text_contents()) == ["issues", "members", "orgs", "users"]
    assert shown_lines(page, ".crossing") == 3
    search(page, "plans")  # which is not among them: the whole picture is back
    assert title(page) == "plans" and not page.is_checked("#only-crossing")


def test_one_silo_can_be_shown_alone(page):
    page.locator("label", has_text="Control").click()
    assert sorted(page.locator(".picture:not([hidden]) .table text").filter(visible=True).all_text_contents()) == ["auth_tokens", "users"]
    assert shown_lines(page, ".crossing") == 0
    page.locator("label", has_text="Both").click()
    assert page.locator(".picture:not([hidden]) .table").filter(visible=True).count() == 9


def test_kinds_of_references_can_be_hidden(page):
    page.uncheck("#show-hard")
    assert (shown_lines(page, ".hard.crossing"), shown_lines(page, ".soft.crossing")) == (0, 1)
    inside = shown_lines(page, ":not(.crossing)")
    page.uncheck("#show-inside")
    assert inside == 9 and shown_lines(page, ":not(.crossing)") == 0


# keys, names for those who don't see, zoom


def test_keys_alone_reach_search_tables_and_the_panel(page):
    page.keyboard.press("/")
    page.keyboard.type("issues")
    page.keyboard.press("Enter")
    assert title(page) == "issues"
    page.keyboard.press("Escape")
    focused = page.evaluate("document.activeElement.querySelector('text').textContent")
    assert (title(page), focused) == ("Overview", "issues")
    page.keyboard.press("ArrowDown")
    below = page.evaluate("document.activeElement.querySelector('text').textContent")
    assert below != "issues"
    page.keyboard.press("Enter")
    assert title(page) == below


def test_arrows_reach_every_table(page):
    page.locator(".table[tabindex='0']").first.focus()
    reached, waiting = {}, [page.evaluate("document.activeElement.id")]
    while waiting:
        here = waiting.pop()
        for key in ("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"):
            page.evaluate("id => document.getElementById(id).focus()", here)
            page.keyboard.press(key)
            there = page.evaluate("document.activeElement.id")
            if there not in reached:
                reached[there] = here
                waiting.append(there)
    assert len(reached) == 9


def test_everything_that_can_be_used_has_a_name_and_a_role(page):
    for role, words in (("button", "issues: region"), ("combobox", "Search tables"), ("button", "Zoom in"), ("checkbox", "Hard crossings")):
        assert page.get_by_role(role, name=re.compile(words)).count() >= 1, words
    assert page.get_by_role("button", name=re.compile("^users: control, .*2 crossings?|^users: control, .*3 crossings?")).count() == 1
    nameless = page.locator("button, input, [role=button]").evaluate_all(
        "found => found.filter(each => !(each.getAttribute('aria-label') || each.textContent.trim() || each.labels?.length)).length"
    )
    assert nameless == 0


def test_zoom_and_pan_move_the_picture_and_fit_brings_it_back(page):
    def transform() -> str:
        return str(page.get_attribute("#world", "transform"))

    first = transform()
    page.click("#zoom-in")
    near = transform()
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 300)
    wheeled = transform()
    page.mouse.down()
    page.mouse.move(700, 450, steps=4)
    page.mouse.up()
    dragged = transform()
    assert len({first, near, wheeled, dragged}) == 4
    assert title(page) == "Overview"  # a drag chooses nothing
    page.click("#zoom-fit")
    assert transform() == first


@pytest.mark.parametrize("dark", [False, True])
def test_texts_have_enough_contrast(open_page, dark):
    page = open_page(render_html(small()), dark=dark)
    table(page, "issues").click()
    pairs = [("h1", "header"), ("#panel h2", "#panel"), ("#panel .quiet", "#panel"), (".name.control", "#panel")]
    pairs += [(".badge.region", ".badge.region")]
    for text, ground in pairs:
        ratio = page.evaluate(CONTRAST, [text, ground])
        assert ratio >= 4.5, (text, ratio)


CONTRAST = """([text, ground]) => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const one = light(getComputedStyle(document.querySelector(text)).color);
  const other = light(getComputedStyle(document.querySelector(ground)).backgroundColor);
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}"""


def test_on_a_narrow_screen_the_panel_is_below_and_nothing_sticks_out(open_page):
    page = open_page(render_html(small()), narrow=True)
    stage, side = page.locator("#stage").bounding_box(), panel(page).bounding_box()
    assert stage and side
    assert side["y"] >= stage["y"] + stage["height"] - 1 and stage["height"] > 250
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    search(page, "issues")
    assert title(page) == "issues"


# hostile and large


def test_hostile_names_are_only_names(open_page):
    page = open_page(render_html(hostile()))
    assert page.locator("h1").inner_text() == "</title><script>alert(2)</script>"
    for text in HOSTILE:
        number = next(place for place, each in enumerate(hostile().tables) if each.name.name == text)
        page.locator(f"#at{number}").dispatch_event("click")
        spelled = visible(str(hostile().tables[number].name))
        assert panel(page).locator("h2").evaluate("heading => heading.textContent") == spelled
        assert f"found {visible(text)}" in section(page, "Findings").evaluate("part => part.textContent")
    assert page.locator("script").count() == 2


def test_a_thousand_tables_can_be_searched_and_chosen(open_page):
    page = open_page(render_html(thousand()))
    assert page.inner_text("#count-hard") == str(BIG_CROSSINGS)
    assert shown_lines(page, ".crossing") == BIG_CROSSINGS
    assert shown_lines(page, ":not(.crossing)") == 0, "inside a silo, only the chosen table's are drawn"
    search(page, "area17 thing12")
    assert title(page) == "area17_thing12"
    drawn = page.locator(".picture:not([hidden]) .line.on").filter(visible=True).count()
    assert drawn == section(page, "Refers to").locator("li").count() + section(page, "Referred to by").locator("li").count() > 0
    box = page.locator(".picture:not([hidden]) .table.chosen .hit").bounding_box()
    assert box["height"] > 15, "brought to where it can be read"


def test_from_afar_domains_are_named_and_from_near_tables(open_page):
    page = open_page(render_html(thousand()))
    names, domains = page.locator("#apicture .table text").first, page.locator("#apicture .far-names text").first
    assert domains.is_visible() and not names.is_visible()
    search(page, "area17 thing12")
    assert names.evaluate("text => getComputedStyle(text).display") != "none" and not domains.is_visible()


def test_a_list_of_many_is_shown_in_parts(open_page):
    page = open_page(render_html(thousand()), fragment="#users")
    incoming = section(page, "Referred to by")
    assert incoming.locator("li").count() == 40
    incoming.locator("button.more").click()
    assert incoming.locator("li").count() == BIG_CROSSINGS
