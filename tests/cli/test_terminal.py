"""How messages look in continuous integration."""

from __future__ import annotations

from reposgen.cli.terminal import github_annotation
from reposgen.diagnostics import SourceFile, error, note, warning


def test_annotation_stands_beside_its_line() -> None:
    source = SourceFile(path="queries/a,b:c.sql", text="SELECT\n  100%;\n")
    annotation = github_annotation(
        error("odd-code", "not 100 %\nsure", span=source.span(9), hint="be sure")
    )
    assert annotation == (
        "::error title=odd-code,file=queries/a%2Cb%3Ac.sql,line=2,col=3"
        "::not 100 %25%0Asure%0Ahint: be sure"
    )


def test_annotation_without_a_place() -> None:
    assert github_annotation(warning("w", "look")) == "::warning title=w::look"


def test_a_note_is_a_notice() -> None:
    assert github_annotation(note("n", "look")) == "::notice title=n::look"
