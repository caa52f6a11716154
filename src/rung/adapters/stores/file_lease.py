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
            self._lock(path, takeover)
            token, _ = self._read()
            self.token = token + 1
            self._write(f"{self.token} {self.holder}\n".encode())
        except OSError as error:
            self.release()
            raise UserError(f"cannot lock: {error.strerror}", where=self.name) from None

    def _lock(self, path: Path, takeover: bool) -> None:
        """Lock the file that bears the name now: its last holder may have removed the one we opened."""
        while True:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if takeover:
                    return
                _, present = self._read()
                self.release()
                raise taken(self.name, present) from None
            if path.exists() and os.path.samestat(os.fstat(self._descriptor), path.stat()):
                return
            self.release()

    def _read(self) -> tuple[int, str]:
        assert self._descriptor is not None  # noqa: S101  (only called while open)
        line = os.pread(self._descriptor, 4096, 0).decode("utf-8", "replace").strip()
        token, _, holder = line.partition(" ")
        return (int(token), holder) if token.isdigit() else (0, line)

    def _write(self, line: bytes) -> None:
        assert self._descriptor is not None  # noqa: S101
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, line, 0)
        os.fsync(self._descriptor)

    def release(self, *, remove: bool = False) -> None:
        """Let the next one in; `remove` the file too where the token is kept elsewhere. May be called twice."""
        if self._descriptor is not None:
            if remove:
                Path(self.name).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None
