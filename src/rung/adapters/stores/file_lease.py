"""A lease as a locked file: the kernel lets go of it when the holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from rung.domain.errors import UserError
from rung.journal.lease import taken


class FileLease:
    """Exclusive on one machine. The file holds one line, `TOKEN PID HOLDER`, and stays when released."""

    def __init__(self, path: Path, holder: str, *, takeover: bool = False) -> None:
        """Acquire at once or raise UserError naming who holds it.

        takeover : fence the present holder out even though it lives (it hangs); its token is then too low.
        """
        self.name = str(path)
        self.holder = f"{holder} (process {os.getpid()})"
        self._descriptor: int | None = None
        try:
            before = self._lock(path, takeover)
            self.token = before + 1
            self._write(f"{self.token} {self.holder}\n")
        except OSError as error:
            self.release()
            raise UserError(f"cannot lock: {error.strerror}", where=self.name) from None

    def _write(self, line: str) -> None:
        assert self._descriptor is not None  # noqa: S101  (only called while locked)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, line.encode(), 0)
        os.fsync(self._descriptor)

    @staticmethod
    def holder_of(path: Path) -> str:
        """Who holds it now, or did last; empty when nobody ever did."""
        try:
            return _parse(path.read_bytes())[1]
        except OSError:
            return ""

    def _lock(self, path: Path, takeover: bool) -> int:
        """Lock the file that bears the name now; the token in it. A takeover locks a new file of that name."""
        before = 0
        while True:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            token, present = _parse(os.pread(self._descriptor, 4096, 0))
            before = max(before, token)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not takeover:
                    self.release()
                    raise taken(self.name, present) from None
                if self._bears_the_name():
                    path.unlink(missing_ok=True)
            else:
                if self._bears_the_name():
                    return max(before, _parse(os.pread(self._descriptor, 4096, 0))[0])
            self.release()

    def _bears_the_name(self) -> bool:
        """Whether the locked file is still the one of this name: its last holder may have removed it."""
        try:
            return self._descriptor is not None and os.path.samestat(os.fstat(self._descriptor), os.stat(self.name))
        except FileNotFoundError:
            return False

    def release(self, *, remove: bool = False) -> None:
        """Let the next one in; `remove` the file too where the token is kept elsewhere. May be called twice."""
        if self._descriptor is not None:
            if remove and self._bears_the_name():
                Path(self.name).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def _parse(content: bytes) -> tuple[int, str]:
    line = content.decode("utf-8", "replace").strip()
    token, _, holder = line.partition(" ")
    return (int(token), holder) if token.isdigit() else (0, line)
