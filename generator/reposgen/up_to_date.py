"""Detection of runs whose output is up to date, which skip the pipeline."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reposgen.cache.runs import (
    Run,
    digest_inputs,
    input_paths,
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
    from reposgen.cache.store import Store
    from reposgen.config import Config, Origin
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


def up_to_date_run(
    origin: Origin, names: Sequence[str], environ: Mapping[str, str], store: Store
) -> UpToDateRun | None:
    """Return the last run if a new one would write the same; else None.

    The configuration is not validated: if it is what it was, it is still valid.

    Args:
        origin: of the project's configuration.
        names: of the packages that are asked for.
        environ: variables for the configuration.
        store: where runs are kept.
    """
    last = read_run(store, run_name(origin))
    if last is None:
        return None
    try:
        settings = origin.digest(origin.path.read_bytes(), environ)
    except OSError:
        return None
    if last.inputs != digest_inputs(settings, names, origin.root, last.paths):
        return None
    files = count_unchanged(origin.root / last.output, last.files)
    if files is None:
        return None
    return UpToDateRun(diagnostics=last.diagnostics, files=files)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs:
    """The inputs of a run.

    Attributes:
        paths: what it reads; None if it also depends on something else.
        digest: digest of all its inputs; None if they cannot be known.
    """

    config: Config
    names: tuple[str, ...]
    cache: ProjectCache
    paths: tuple[str, ...] | None
    digest: str | None

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

    def note(self, origin: Origin, diagnostics: Sequence[Diagnostic]) -> None:
        """Remember a run that went well, after which the output is fresh.

        Args:
            origin: of the configuration.
            diagnostics: its warnings.
        """
        # A file that was changed while the run went on may have been read or not.
        if (
            self.paths is None
            or self.digest is None
            or self.digest != _digest(self.config, self.names, self.paths)
        ):
            return
        run = Run(
            inputs=self.digest,
            paths=self.paths,
            output=self.config.output.directory,
            files=self.written,
            diagnostics=tuple(diagnostics),
        )
        write_run(self.cache.store, run_name(origin), run)


def run_inputs(config: Config, names: Sequence[str], cache: ProjectCache) -> RunInputs:
    """Read the inputs of a run.

    Args:
        config: of the project.
        names: of the packages that are asked for.
        cache: of the project.
    """
    paths = input_paths(config)
    return RunInputs(
        config=config,
        names=tuple(names),
        cache=cache,
        paths=paths,
        digest=None if paths is None else _digest(config, names, paths),
    )


def _digest(config: Config, names: Sequence[str], paths: Sequence[str]) -> str | None:
    return digest_inputs(config.digest or "", names, config.root, paths)


def run_name(origin: Origin) -> str:
    """Return the name under which the last run of a project is kept."""
    place = f"{origin.path.absolute()}\0{origin.overrides.output_directory}"
    digest_ = hashlib.sha256(place.encode("utf-8", "surrogateescape"))
    return f"{digest_.hexdigest()[:24]}.run"
