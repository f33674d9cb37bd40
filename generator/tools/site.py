"""Build the documentation site: docs/, a first page, a cheat sheet, the run time's API.

    python generator/tools/site.py build/site

It needs the dependency group `docs`. The order of the pages is that of docs/README.md.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS, OWN = ROOT / "docs", ROOT / "site"
RUNTIME = ROOT / "generator" / "runtime"
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_ITEM = re.compile(r"^- (.*?)(?=^- |^#|\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(
    r"\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<file>[^)#\s]*)(?P<rest>[^)]*)\)"
)
_SUMMARY = "Typed Python repositories from annotated SQL files, checked by PostgreSQL."


def build(target: Path) -> None:
    """Build the site into a folder.

    Raises:
        mkdocs.exceptions.Abort: there was a warning.
    """
    from mkdocs.commands.build import build as build_site  # noqa: PLC0415 - a group
    from mkdocs.config import load_config  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder)
        assemble(pages)
        config = load_config(
            io.BytesIO(b"site_name: reposgen\n"),
            docs_dir=str(pages),
            site_dir=str(target),
            site_description=_SUMMARY,
            strict=True,
            nav=nav(),
            theme=_THEME,
            plugins=["search", {"mkdocstrings": _MKDOCSTRINGS}],
            markdown_extensions=_EXTENSIONS,
            validation={"links": {"anchors": "warn", "not_found": "warn"}},
        )
        build_site(config)


def assemble(pages: Path) -> None:
    """Put the sources of all pages into a folder."""
    shutil.copytree(DOCS, pages, dirs_exist_ok=True)
    shutil.copytree(OWN, pages, dirs_exist_ok=True)
    (pages / "README.md").rename(pages / "contents.md")
    for page in pages.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        linked = partial(_site_link, page.parent, pages)
        page.write_text(_LINK.sub(linked, text), encoding="utf-8")
    (pages / "llms.txt").write_text(llms(), encoding="utf-8")
    (pages / "chart.svg").write_text(chart(), encoding="utf-8")


def _site_link(folder: Path, pages: Path, link: re.Match[str]) -> str:
    """Return a link as it is on the site: of a file beside docs/, its text."""
    file = link["file"]
    if not file or "://" in file:
        return link[0]
    target = (folder / file).resolve()
    if target == (pages / "README.md").resolve():
        return f"[{link['text']}]({file.replace('README', 'contents')}{link['rest']})"
    return link[0] if target.is_relative_to(pages.resolve()) else link["text"]


def contents() -> dict[str, list[tuple[str, str, str]]]:
    """Return the sections of docs/README.md: titles, pages and descriptions."""
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    parts = _SECTION.split(text)[1:]
    found: dict[str, list[tuple[str, str, str]]] = {}
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        found[title] = [
            (
                " ".join(link["text"].replace("`", "").split()),
                link["file"],
                " ".join(_LINK.sub("", item).strip(": ,\n").split()),
            )
            for item in _ITEM.findall(body)
            for link in _LINK.finditer(item)
            if not link["file"].startswith("..") and not link["rest"]
        ]
    return {title: items for title, items in found.items() if items}


def nav() -> list[Any]:
    """Return the navigation."""
    sections: list[Any] = [{"reposgen": "index.md"}, {"Cheat sheet": "cheat-sheet.md"}]
    for title, items in contents().items():
        pages: list[dict[str, str]] = [{name: file} for name, file, _ in items]
        if title == "Reference":
            pages.append({"The run time's API": "reference.md"})
            pages.append({"All pages": "contents.md"})
        sections.append({title: pages})
    return sections


def llms() -> str:
    """Return llms.txt: what there is to read, for language models."""
    lines = ["# reposgen", "", f"> {_SUMMARY}"]
    for title, items in contents().items():
        lines += ["", f"## {title}", ""]
        for name, file, said in items:
            page = file.removesuffix(".md")
            lines.append(f"- [{name}]({page}/){f': {said}' if said else ''}")
    return "\n".join([*lines, ""])


_OPERATIONS = (
    "get by key",
    "list 100",
    "insert returning",
    "optimistic update",
    "transaction of 3",
)
_CONTENDERS = {
    "raw psycopg": "#9e9e9e",
    "aiosql": "#78909c",
    "SQLAlchemy Core": "#ffb74d",
    "SQLAlchemy ORM": "#e57373",
    "reposgen": "#3f51b5",
}
_WIDTH, _LEFT, _BAR, _GAP = 720, 150, 11, 14


def chart() -> str:
    """Return a chart of the first table of docs/performance.md, as SVG."""
    text = (DOCS / "performance.md").read_text(encoding="utf-8")
    table = text[text.index("\n| | libpq") :].split("\n\n")[0].strip()
    head, _, *body = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table.split("\n")
    ]
    rows = {cells[0]: dict(zip(head, cells, strict=True)) for cells in body}
    parts, y = [], 24
    for place, (name, color) in enumerate(_CONTENDERS.items()):
        x = 10 + place * 140
        parts.append(f'<rect x="{x}" y="4" width="10" height="10" fill="{color}"/>')
        parts.append(f'<text x="{x + 14}" y="13">{name}</text>')
    for operation in _OPERATIONS:
        y += _GAP
        middle = y + _BAR * len(_CONTENDERS) / 2 + 4
        parts.append(
            f'<text x="{_LEFT - 8}" y="{middle:.0f}" text-anchor="end">'
            f"{operation}</text>"
        )
        for name, color in _CONTENDERS.items():
            # The first contender's column has times; the others are ratios to it.
            time = rows[operation][name]
            ratio = 1.0 if name == "raw psycopg" else float(time.split()[0])
            width = min(ratio * 75, _WIDTH - _LEFT - 40)
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{width:.0f}" height="{_BAR - 2}"'
                f' fill="{color}"/>'
            )
            parts.append(
                f'<text x="{_LEFT + width + 4:.0f}" y="{y + 8}" font-size="9">'
                f"{ratio:.2f}</text>"
            )
            y += _BAR
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 10}"'
        ' font-family="sans-serif" font-size="12" fill="#888">'
        f"{''.join(parts)}</svg>"
    )


def slug(title: str, separator: str) -> str:
    """Return the anchor of a title, as GitHub has it."""
    plain = re.sub(r"[^\w\- ]", "", title.strip().lower())
    return plain.replace(" ", separator)


_THEME = {
    "name": "material",
    # Nothing is loaded from elsewhere.
    "font": False,
    "features": ["content.code.copy", "navigation.top", "search.highlight"],
    "palette": [
        {
            "media": "(prefers-color-scheme: light)",
            "scheme": "default",
            "toggle": {"icon": "material/weather-night", "name": "Dark"},
        },
        {
            "media": "(prefers-color-scheme: dark)",
            "scheme": "slate",
            "toggle": {"icon": "material/weather-sunny", "name": "Light"},
        },
    ],
}
_MKDOCSTRINGS = {
    "handlers": {
        "python": {
            "paths": [str(RUNTIME)],
            "options": {
                "docstring_style": "google",
                "show_source": False,
                "show_root_heading": True,
                "members_order": "source",
                "separate_signature": True,
                "heading_level": 3,
            },
        }
    }
}
_EXTENSIONS: list[Any] = [
    "attr_list",
    "md_in_html",
    "tables",
    "pymdownx.superfences",
    "pymdownx.highlight",
    {"toc": {"slugify": slug, "permalink": True}},
]

if __name__ == "__main__":
    build(Path(sys.argv[1]))
