"""What a reader can do with an HTML report, in a real browser that is on the machine anyway.

The page forbids `eval`, with which playwright runs JavaScript of ours in it: Chromium allows that
only while one such call runs, so that under load two of them raced. Nothing here is evaluated in
the page's own world; locators look at it from a world of theirs, and sizes and times come from the
browser.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest

from tests.report.sample import rows, sample
from tests.rows import GIB, joined_of, matrix_of, ok
from vbench_mem.report.document import (
    Column,
    Document,
    Field,
    Figure,
    Group,
    Section,
    Table,
    line,
)
from vbench_mem.report.illustrate import illustrate, plans
from vbench_mem.report.write.html import html_page

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PROGRAM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(PROGRAM is None, reason=f"no browser found: {', '.join(NAMES)}")
NAMED = "#table_rows tbody tr:visible th[scope=row]"
SVG = "#figure_memory_frames svg"
COLUMNS = tuple(Column(f"c{n}", n > 0, "what it means") for n in range(20))
TIMEOUT_MS = 60_000  # other processes may keep the machine busy
Open = Callable[..., Any]
api.expect.set_options(timeout=TIMEOUT_MS)


def drawn(folder: Path) -> Figure:
    """A real figure: two encoders with and without masking at three frame counts."""
    text = """
about: x
axes: {encoder: [joint_test, frame_mean_test], recipe: [full, mask75], frames: [4, 8, 16], batch: 2}
"""
    matrix = matrix_of(folder, text)
    records = [
        ok(cell, (number + 1) * GIB, step_ms=40.0) for number, cell in enumerate(matrix.cells)
    ]
    figures = illustrate(plans(joined_of(matrix, *records)), folder)
    (figure,) = (it for it in figures if it.name == "memory_frames")
    tips = {
        gid: tuple(replace(it, link=f"records/{it.cell_id}.json") for it in marks)
        for gid, marks in figure.tips.items()
    }
    return replace(figure, tips=tips)


def document(folder: Path) -> Document:
    """The sample with 40 rows, a real figure, and a table of many columns."""
    wide = Group(tuple((Field(line(name)), *19 * (rows(2)[1][2],)) for name in ("a", "b")))
    made = sample(40)
    first, trade_off, *others = made.sections
    plain, *left = trade_off.blocks
    assert isinstance(plain, Figure)
    trade_off = replace(trade_off, blocks=(replace(plain, name="plain"), *left))
    blocks = (drawn(folder), Table(name="wide", columns=COLUMNS, groups=(wide,)))
    real = Section(title="Real", anchor="real", blocks=blocks)
    return replace(made, sections=(first, trade_off, *others, real))


def thousand() -> Document:
    many = tuple(
        (Field(line(f"row {n}")), *19 * (Field(line(f"{n} MiB"), value=float(n)),))
        for n in range(1000)
    )
    table = Table(name="many", columns=COLUMNS, groups=(Group(many),), is_browsed=True)
    section = Section(title="Many", anchor="many", blocks=(table,))
    return Document(title="many", about="rows", sections=(section,))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    path = folder / "report.html"
    path.write_text(html_page(document(folder)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, url: str) -> Iterator[Open]:
    """Open the page; at the end nothing went wrong in it and no other address was requested."""
    contexts, wrong, requests = [], [], []

    def open_page(goal: str = url, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": 1300, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("console", lambda it: wrong.append(it.text) if it.type == "error" else None)
        page.on("pageerror", lambda it: wrong.append(str(it)))
        page.on("request", lambda it: requests.append(it.url))
        page.goto(goal)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
    assert all(address.startswith("file:") for address in requests)
    assert len(requests) == len(contexts)


@pytest.fixture
def page(opened: Open) -> Any:
    return opened()


def texts(locator: Any) -> list[str]:
    return [each.inner_text() for each in locator.all()]


def has_style(locator: Any, name: str, value: str) -> None:
    api.expect(locator).to_have_css(name, value)


def content_width(page: Any) -> float:
    """px; more than the window's where the page scrolls sideways."""
    metrics = page.context.new_cdp_session(page).send("Page.getLayoutMetrics")
    return float(metrics["cssContentSize"]["width"])


def middle(locator: Any) -> tuple[float, float]:
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def mark(page: Any, track: int, number: int) -> Any:
    return page.locator(f"{SVG} [id$=_t{track}] use").nth(number)


def test_a_mark_that_is_pointed_at_shows_its_numbers_and_leads_to_its_record(page: Any) -> None:
    page.mouse.move(*middle(mark(page, 0, 1)))
    label, *facts, record = page.locator("#tip_").inner_text().splitlines()
    assert label == "joint_test frames=8"
    assert "peak memory: 2.00 GiB" in facts and any(it.startswith("ms/step: ") for it in facts)
    assert record.startswith("record ")
    link = mark(page, 0, 1).locator("xpath=..").get_attribute("href")
    assert link == f"records/{record.removeprefix('record ')}.json"
    page.keyboard.press("Escape")
    assert page.locator("#tip_").is_hidden()


def test_a_figure_is_no_stop_of_the_tab_key(page: Any) -> None:
    stops = ":is([tabindex='0'], a[href]:not([tabindex='-1']))"
    assert page.locator(f"{SVG} {stops}").count() == 0


def test_numbers_sort_as_numbers_and_what_is_missing_stays_last(page: Any) -> None:
    button = page.locator("#table_rows thead button").nth(2)
    before = texts(page.locator(NAMED))
    there = [f"variant_{n}" for n in range(40) if n % 5 != 4]
    missing = [f"variant_{n}" for n in range(40) if n % 5 == 4]
    head = page.locator("#table_rows th[scope=col]").nth(2)
    button.click()
    assert texts(page.locator(NAMED)) == there + missing
    assert head.get_attribute("aria-sort") == "ascending"
    button.click()
    assert texts(page.locator(NAMED)) == there[::-1] + missing
    assert head.get_attribute("aria-sort") == "descending"
    button.click()
    assert texts(page.locator(NAMED)) == before
    assert head.get_attribute("aria-sort") is None


def test_a_filter_wants_all_of_its_words_and_says_how_many_rows_it_leaves(page: Any) -> None:
    tools = page.locator(".tools", has=page.locator("[aria-label*='of Tables']"))
    tools.locator("input").fill("OOM _1")
    assert texts(page.locator(NAMED)) == ["variant_14", "variant_19"]
    assert tools.locator("output").inner_text() == "2 of 40 rows"
    tools.locator("input").fill("")
    assert page.locator(NAMED).count() == 40


def test_what_a_column_means_is_shown_on_touch(opened: Open) -> None:
    page = opened(has_touch=True)
    page.locator("#table_rows thead button").nth(2).tap()
    assert page.locator("#tip_").inner_text() == "peak_alloc_bytes: allocated peak (bytes)"
    page.locator("#table_rows td.x").first.tap()
    assert page.locator("#tip_").inner_text() == "it ran out of memory"


def test_it_is_dark_at_night_and_figures_stand_on_white(opened: Open) -> None:
    page = opened(color_scheme="dark")
    has_style(page.locator("body"), "background-color", "rgb(21, 24, 28)")
    has_style(page.locator(".plot").first, "background-color", "rgb(255, 255, 255)")
    has_style(page.locator(f"{SVG} text").first, "fill", "rgb(28, 30, 33)")


def test_a_phone_never_scrolls_the_page_sideways(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    for fold in page.locator("main summary").all():
        fold.click()
    assert content_width(page) == 360
    assert page.locator("nav details").get_attribute("open") is None
    wide = page.locator(".wide", has=page.locator("#table_wide"))
    inside = page.locator("#table_wide").bounding_box()
    assert inside["width"] > wide.bounding_box()["width"]  # it scrolls in its own box


def test_folds_are_open_on_paper_and_nothing_is_cut(opened: Open) -> None:
    page = opened(color_scheme="dark")
    folded = page.locator("main details", has_text="Two more").locator("li").first
    assert folded.is_hidden()
    page.emulate_media(media="print")
    folded.wait_for(state="visible")
    assert page.locator(".tools").first.is_hidden() and page.locator("nav").is_hidden()
    has_style(page.locator("body"), "background-color", "rgb(255, 255, 255)")
    page.set_viewport_size({"width": 1000, "height": 900})  # A4 across
    assert content_width(page) <= 1000
    page.emulate_media(media="screen")
    folded.wait_for(state="hidden")
    page.emulate_media(media="null")  # as the printer has it
    text = "".join(it.extract_text() for it in pypdf.PdfReader(BytesIO(page.pdf())).pages)
    assert "one" in text.partition("Two more")[2]
    assert "variant_39" in text and "Filter" not in text


def test_a_thousand_rows_are_sorted_and_filtered_without_a_wait(
    opened: Open, tmp_path: Path
) -> None:
    path = tmp_path / "many.html"
    path.write_text(html_page(thousand()), encoding="utf-8")
    page = opened(goal=path.as_uri())
    session = page.context.new_cdp_session(page)
    session.send(
        "Performance.enable", {"timeDomain": "threadTicks"}
    )  # of the processor, not the clock

    def busy_s() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(it["value"] for it in metrics if it["name"] == "TaskDuration"))

    times = []
    for order in ("ascending", "descending"):
        start = busy_s()
        page.locator("#table_many thead button").nth(2).click()
        api.expect(page.locator("#table_many thead th").nth(2)).to_have_attribute(
            "aria-sort", order
        )
        times.append(busy_s() - start)
    assert min(times) < 1.5, times  # seconds
    page.locator("input").fill("row 99")
    assert page.locator("output").inner_text() == "19 of 1000 rows"
    page.locator("input").fill("")
    page.emulate_media(media="print")
    assert page.locator("#table_many tbody tr").last.is_visible()


def test_without_scripts_all_of_it_can_be_read(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("#table_rows tbody tr").last.is_visible()
    assert page.locator(SVG).get_attribute("role") == "img"
    assert page.locator("input").count() == 0
