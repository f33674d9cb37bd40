"""Extensions of the available servers, and stand-ins for missing ones."""

from __future__ import annotations

import hashlib
import stat
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.cache.folder import make_folder, writable_cache_directory
from reposgen.database.installation import (
    copy_folder,
    embedded_installations,
    open_to_others,
)
from reposgen.database.system import system_installations

if TYPE_CHECKING:
    from reposgen.database.installation import Installation

FOLDER = Path(__file__).with_name("stand_ins")
# The first with `extension_control_path`.
_OLDEST_MAJOR = 18


def stand_ins(installation: Installation) -> tuple[str, ...]:
    """Return the extensions of a server that are only our declarations."""
    if installation.origin != "embedded" or installation.major < _OLDEST_MAJOR:
        return ()
    names = sorted(path.stem for path in FOLDER.glob("extension/*.control"))
    return tuple(name for name in names if not installation.has_extension(name))


@cache
def stand_ins_digest() -> str:
    """Return a digest of the declarations: 8 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("extension/*")):
        content = path.read_bytes()
        digest.update(b"%s %d\n" % (path.name.encode(), len(content)))
        digest.update(content)
    return digest.hexdigest()[:8]


def stand_ins_folder(installation: Installation) -> Path:
    """Return the stand-ins' folder, a copy if the server's user cannot read it."""
    files = (FOLDER / "extension").iterdir()
    if installation.user is None or (
        open_to_others(FOLDER / "extension")
        and all(file.stat().st_mode & stat.S_IROTH for file in files)
    ):
        return FOLDER
    cache_folder = writable_cache_directory()
    make_folder(cache_folder)
    target = cache_folder / f"stand-ins-{stand_ins_digest()}"
    copy_folder(FOLDER, target)
    return target


def extension_hint(name: str) -> str:
    """Return a hint on where to find an extension that a server lacks."""
    urls = [_url(found) for found in embedded_installations() if _has(found, name)]
    urls += [_url(found) for found in system_installations() if _has(found, name)]
    if urls:
        written = " or ".join(f'"{url}"' for url in urls)
        return f"set [database] url = {written}, which has it"
    return "set [database] url to a server or a docker image that has it"


def _has(installation: Installation, name: str) -> bool:
    return installation.has_extension(name) or name in stand_ins(installation)


def _url(installation: Installation) -> str:
    newest = {18: "embedded"} if installation.origin == "embedded" else {}
    usual = f"{installation.origin}:{installation.major}"
    return newest.get(installation.major, usual)
