"""Detection of runs whose output is up to date, which skip the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.cache.runs import (
    Run,
    digest_inputs,
    read_run,
    read_written,
    write_run,
    write_written,
)
from reposgen.models import dataclass
from reposgen.output.compare import count_unchanged
from reposgen.output.files import digest, present_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reposgen.cache.project import ProjectCache
    from reposgen.config import Config
    from reposgen.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class UpToDateRun:
    """An earlier run with the same inputs, whose output is unchanged.

    Attributes:
        diagnostics: its warnings.
        files: how many it has written, the manifest included.
    """

    diagnostics: tuple[Diagnostic, ...]
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs:
    """The inputs of a run."""

    config: Config
    names: tuple[str, ...]
    cache: ProjectCache
    inputs: str | None

    def up_to_date_run(self) -> UpToDateRun | None:
        """Return the last run if this one would write the same; else None."""
        last = read_run(self.cache.store, self.cache.name("run"))
        if last is None or last.inputs != self.inputs:
            return None
        files = count_unchanged(self.config.output_directory, last.files)
        if files is None:
            return None
        return UpToDateRun(diagnostics=last.diagnostics, files=files)

    @property
    def written(self) -> Mapping[str, str]:
        """The digests of the files that were last written here, by path."""
        return read_written(self.cache.store, self.cache.name("written"))

    def note_files(self) -> None:
        """Remember the files of the output, which is fresh."""
        present = present_files(self.config.output_directory)
        write_written(
            self.cache.store,
            self.cache.name("written"),
            {path: digest(data) for path, data in present.items() if data is not None},
        )

    def note(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Remember a run that went well, after which the output is fresh."""
        # A file that was changed while the run went on may have been read or not.
        if self.inputs is None or self.inputs != digest_inputs(self.config, self.names):
            return
        run = Run(
            inputs=self.inputs, files=self.written, diagnostics=tuple(diagnostics)
        )
        write_run(self.cache.store, self.cache.name("run"), run)


def run_inputs(config: Config, names: Sequence[str], cache: ProjectCache) -> RunInputs:
    """Read the inputs of a run.

    Args:
        config: of the project.
        names: of the packages that are asked for.
        cache: of the project.
    """
    return RunInputs(
        config=config,
        names=tuple(names),
        cache=cache,
        inputs=digest_inputs(config, names),
    )
