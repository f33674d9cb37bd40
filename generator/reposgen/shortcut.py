"""The way around the pipeline: a run that would do what the last one did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.cache.runs import Run, digest_inputs, read_run, write_run
from reposgen.models import dataclass
from reposgen.output.compare import count_unchanged
from reposgen.output.manifest import NAME as MANIFEST
from reposgen.output.manifest import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.cache.project import ProjectCache
    from reposgen.config import Config
    from reposgen.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """A run that need not be made: its output is there.

    Attributes:
        diagnostics: its warnings.
        files: how many it has written, the manifest included.
    """

    diagnostics: tuple[Diagnostic, ...]
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """What a run is made from, before it begins."""

    config: Config
    names: tuple[str, ...]
    cache: ProjectCache
    inputs: str | None

    def repetition(self) -> Repetition | None:
        """What the last run came to, if this one would come to the same."""
        last = read_run(self.cache.store, self.cache.name("run"))
        if last is None or last.inputs != self.inputs:
            return None
        files = count_unchanged(
            self.config.output_directory,
            last.manifest,
            shown=self.config.output.directory,
        )
        if files is None:
            return None
        return Repetition(diagnostics=last.diagnostics, files=files)

    def note(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Remember a run that went well, after which the output is fresh."""
        # A file that was changed while the run went on may have been read or not.
        if self.inputs is None or self.inputs != digest_inputs(self.config, self.names):
            return
        manifest = digest((self.config.output_directory / MANIFEST).read_bytes())
        run = Run(inputs=self.inputs, manifest=manifest, diagnostics=tuple(diagnostics))
        write_run(self.cache.store, self.cache.name("run"), run)


def shortcut(config: Config, names: Sequence[str], cache: ProjectCache) -> Shortcut:
    """Note what a run is made from.

    Args:
        config: of the project.
        names: of the packages that are asked for.
        cache: of the project.
    """
    return Shortcut(
        config=config,
        names=tuple(names),
        cache=cache,
        inputs=digest_inputs(config, names),
    )
