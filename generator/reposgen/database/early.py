"""A server that starts and stops while the run does something else."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from reposgen.database.signals import termination_raised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reposgen.database.model import OpenServer, Progress, Server


@contextmanager
def opened_early(
    serve: OpenServer, url: str, progress: Progress, origin: str
) -> Iterator[OpenServer]:
    """Begin to open a server in a thread, and do not wait for it.

    Args:
        serve: opens the server.
        url: url of the server.
        progress: called with each step that takes time, in the thread.
        origin: where the url comes from, for messages.

    Yields:
        A function that waits for the server and provides it once, whatever its
        arguments. The server has stopped at the end of the outer block.
    """
    servers: list[Server] = []
    with ExitStack() as block:
        opening = _Task(
            lambda: servers.append(block.enter_context(serve(url, progress, origin)))
        )
        closing = _Task(block.close)

        @contextmanager
        def opened(_: str, __: Progress, ___: str) -> Iterator[Server]:
            opening.wait()
            try:
                yield servers[0]
            finally:
                closing.start()

        # Signals reach the main thread alone, which the server is then closed by.
        with termination_raised():
            opening.start()
            try:
                yield opened
            finally:
                opening.join()
                closing.wait()


class _Task:
    """A call in a thread, whose exception is raised where its end is waited for."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._failure: BaseException | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run)
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the call, if it was started."""
        if self._thread:
            self._thread.join()

    def wait(self) -> None:
        """Wait for the end of the call, and raise its exception.

        Raises:
            ReposgenError: the call raised it.
        """
        self.join()
        if failure := self._failure:
            self._failure = None
            raise failure

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as failure:  # noqa: BLE001 -- raised where it is waited for
            self._failure = failure
