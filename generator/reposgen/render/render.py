"""From `Package` to files."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, assert_never

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reposgen.models import dataclass
from reposgen.python_model.model.modules import (
    ErrorsModule,
    FactoriesModule,
    InitModule,
    ModelsModule,
    QueriesModule,
)
from reposgen.render.annotations import (
    annotation,
    as_row,
    value,
    values,
)
from reposgen.render.expressions import constant_value
from reposgen.render.formatting import format_pieces
from reposgen.render.imports import imports_of, is_runtime
from reposgen.render.lines import fitted
from reposgen.render.literals import (
    docstring,
    header,
    string_literal,
)
from reposgen.render.pieces import joined, pieces_of
from reposgen.render.runtime_files import runtime_files
from reposgen_runtime.compatibility import API_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from reposgen.python_model.model.modules import AnyModule, Package
    from reposgen.render.imports import Imports

# Texts of earlier runs, by the paths of modules.
Known: TypeAlias = "MutableMapping[str, KnownModule]"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModule:
    """A module as it was rendered before.

    Attributes:
        digest: digest of the module's model.
        runtime: modules of the run time that it imports.
        pieces: its pieces as rendered, with their form after black.
    """

    digest: str
    text: str
    runtime: tuple[str, ...]
    pieces: Mapping[str, str]


def render_output(
    packages: Sequence[Package],
    known: Known | None = None,
    *,
    vendored: bool = False,
) -> Mapping[str, str]:
    """Return all files of the output directory except the manifest.

    Args:
        packages: packages in the output.
        known: modules rendered before, reused if unchanged; updated in place.
        vendored: True to include the modules of the run time that are used.
    """
    modules = [module for package in packages for module in package.modules]
    known = {} if known is None else known
    rendered = _rendered(modules, known, vendored=vendored)
    for path in known.keys() - rendered.keys():
        if path.split(".")[0] in {package.name for package in packages}:
            del known[path]
    used = {module for one in rendered.values() for module in one.runtime}
    return {
        "__init__.py": _root(vendored=vendored),
        "py.typed": "",
        **(runtime_files(used) if vendored else {}),
        **{f"{path.replace('.', '/')}.py": one.text for path, one in rendered.items()},
    }


def _root(*, vendored: bool) -> str:
    """Return `__init__.py` of the output directory."""
    check = (
        ""
        if vendored
        else (
            f"\nfrom reposgen_runtime import require_api\n\nrequire_api({API_LEVEL})\n"
        )
    )
    return f'{header("")}\n"""What reposgen generated."""\n{check}'


def render_package(package: Package) -> Mapping[str, str]:
    """Return the text of each file, by its path in the output directory."""
    return {
        f"{path.replace('.', '/')}.py": one.text
        for path, one in _rendered(package.modules, {}, vendored=False).items()
    }


def _rendered(
    modules: Sequence[AnyModule], known: Known, *, vendored: bool
) -> Mapping[str, KnownModule]:
    digests = {
        m.path: sha256(f"{vendored} {m!r}".encode()).hexdigest() for m in modules
    }
    changed = [
        module
        for module in modules
        if module.path not in known or known[module.path].digest != digests[module.path]
    ]
    imports = {module.path: imports_of(module, vendored=vendored) for module in changed}
    pieces = {m.path: pieces_of(_unformatted(m, imports[m.path])) for m in changed}
    formatted = {
        piece: text
        for path in pieces.keys() & known.keys()
        for piece, text in known[path].pieces.items()
    }
    missing = {p.text: None for several in pieces.values() for p in several}
    formatted |= format_pieces([text for text in missing if text not in formatted])
    for path, several in pieces.items():
        known[path] = KnownModule(
            digest=digests[path],
            text=joined(several, formatted),
            runtime=tuple(
                sorted({s.module for s in imports[path].names if is_runtime(s)})
            ),
            pieces={piece.text: formatted[piece.text] for piece in several},
        )
    return {module.path: known[module.path] for module in modules}


def _unformatted(module: AnyModule, imports: Imports) -> str:
    return (
        _environment()
        .get_template(_template(module))
        .render(
            module=module,
            imports=imports,
            header=header(module.origin),
            name=imports.names.__getitem__,
            annotation=lambda type_: annotation(type_, imports.names),
            value=lambda part: value(part, imports.names),
            values=lambda signature: values(signature, imports.names),
            as_row=lambda method: as_row(method, imports.names),
            constant_value=lambda value: constant_value(value, imports.names),
        )
    )


def _template(module: AnyModule) -> str:
    match module:
        case ModelsModule():
            return "models.py.jinja"
        case ErrorsModule():
            return "errors.py.jinja"
        case QueriesModule():
            return "queries.py.jinja"
        case FactoriesModule():
            return "factories.py.jinja"
        case InitModule():
            return "init.py.jinja"
        case _:
            assert_never(module)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_templates()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- Python, not HTML; literals.py escapes
    )
    environment.filters |= {
        "literal": string_literal,
        "docstring": docstring,
        "fitted": fitted,
    }
    return environment


def _templates() -> Path:
    """Return the templates' folder: in a wheel's package, or beside a checkout's."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "templates"
    return shipped if shipped.is_dir() else package.parent.parent / "templates"
