"""The documentation site: built without a warning, complete, working in a browser.

With --all the browser looks at every page, else at those of `SEEN`.
"""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import subprocess
import sys
import threading
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import pytest

from reposgen.analysis.directives import DIRECTIVES
from reposgen.cli.app import main
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
IMPORTS: Final = re.compile(
    r"^\s*from (reposgen_runtime[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE
)
SEEN: Final = (".", "reference", "performance")
BROWSERS: Final = ("chromium-headless-shell", "chromium", "google-chrome")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for module in ("material", "mkdocstrings"):
        pytest.importorskip(module, reason="the dependency group docs is not installed")
    target = tmp_path_factory.mktemp("site")
    outcome = subprocess.run(  # noqa: S603 - our own tool
        [sys.executable, ROOT / "generator" / "tools" / "site.py", target],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "WARNING" not in outcome.stderr
    return target


def pages_of(site: Path) -> set[str]:
    return {str(page.parent.relative_to(site)) for page in site.rglob("index.html")}


def test_all_pages_are_there(site: Path) -> None:
    pages = pages_of(site)
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix("")
        assert str(name if name.name != "README" else name.parent) in pages
    # What a page loads is on the site.
    first = (site / "index.html").read_text(encoding="utf-8")
    loaded = [
        *re.findall(r'<(?:script|img)[^>]* src="([^"]+)"', first),
        *re.findall(r'<link[^>]* rel="stylesheet"[^>]* href="([^"]+)"', first),
    ]
    assert len(loaded) > 1
    for source in loaded:
        assert "://" not in source
        assert (site / source.split("?")[0]).exists(), source
    listed = re.findall(r"\]\(([^)]+)/\)", (site / "llms.txt").read_text("utf-8"))
    missing = pages - {*listed, ".", "contents", "cheat-sheet", "reference"}
    # A folder's README has the folder's address.
    assert {page for page in missing if f"{page}/README" not in listed} == set()
    assert set(listed) - pages == {page for page in listed if page.endswith("/README")}


def test_the_reference_has_what_the_docs_import(site: Path) -> None:
    text = (site / "reference" / "index.html").read_text(encoding="utf-8")
    described = set(re.findall(r'id="(reposgen_runtime[\w.]+)"', text))
    names = {name.rpartition(".")[2] for name in described}
    missing = {
        f"{page.name}: {module}.{name}"
        for page in DOCS.rglob("*.md")
        for module, imported in IMPORTS.findall(page.read_text(encoding="utf-8"))
        for name in re.findall(r"(\w+)(?: as \w+)?,?", imported.strip("()"))
        if name[:1].isupper() and name not in names
    }
    assert missing == set()


def test_the_cheat_sheet_is_complete() -> None:
    sheet = (ROOT / "site" / "cheat-sheet.md").read_text(encoding="utf-8")
    assert [word for word in DIRECTIVES if f"@{word}" not in sheet] == []
    assert [c.value for c in Command if f"`:{c.value}`" not in sheet] == []
    commands = main.list_commands(click.Context(main))
    assert [name for name in commands if f"`reposgen {name}" not in sheet] == []


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_in_a_browser(site: Path, served: str, request: pytest.FixtureRequest) -> None:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed"
    )
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("Chromium is not installed")
    whole = bool(request.config.getoption("--all"))
    with (
        playwright.sync_playwright() as started,
        started.chromium.launch(
            executable_path=browser, args=["--no-sandbox"]
        ) as launched,
    ):
        for scheme, width in product(("light", "dark"), (1280, 390)):
            with launched.new_context(
                viewport={"width": width, "height": 844}, color_scheme=scheme
            ) as context:
                look(context, served, sorted(pages_of(site)) if whole else SEEN)


def look(context: BrowserContext, url: str, pages: tuple[str, ...] | list[str]) -> None:
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "response",
        lambda answer: complaints.append(answer.url) if answer.status >= 400 else None,
    )
    for name in pages:
        page.goto(f"{url}/{name}/")
        # What is too wide scrolls within itself.
        assert page.evaluate(
            "document.documentElement.scrollWidth <= window.innerWidth"
        ), name
    page.goto(url)
    if page.viewport_size and page.viewport_size["width"] < 1000:
        page.click("label[for=__search]")
    page.click("input.md-search__input")
    page.keyboard.type("optimistic")
    page.click(".md-search-result__link >> nth=0")
    page.wait_for_url(re.compile("optimistic"))
    assert complaints == []
