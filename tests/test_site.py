"""The documentation site is built without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_the_site(tmp_path: Path) -> None:
    for module in ("material", "mkdocstrings"):
        pytest.importorskip(module, reason="the dependency group docs is not installed")
    outcome = subprocess.run(  # noqa: S603 - our own tool
        [sys.executable, ROOT / "generator" / "tools" / "site.py", tmp_path],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "WARNING" not in outcome.stderr
    pages = {page.parent.relative_to(tmp_path) for page in tmp_path.rglob("index.html")}
    docs = ROOT / "docs"
    for page in docs.rglob("*.md"):
        assert page.relative_to(docs).with_suffix("") in {*pages, Path("README")}
    # What a page loads is on the site.
    first = (tmp_path / "index.html").read_text(encoding="utf-8")
    loaded = [
        *re.findall(r'<(?:script|img)[^>]* src="([^"]+)"', first),
        *re.findall(r'<link[^>]* rel="stylesheet"[^>]* href="([^"]+)"', first),
    ]
    assert len(loaded) > 1
    for source in loaded:
        assert "://" not in source
        assert (tmp_path / source.split("?")[0]).exists(), source
    listed = re.findall(r"\]\(([^)]+)/\)", (tmp_path / "llms.txt").read_text())
    assert len(listed) >= 30
    assert {Path(page) for page in listed} <= pages
