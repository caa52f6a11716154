"""The five files of a session: `session_D.log`, `signals_`, `decisions_`, `trades_` and `positions_D.jsonl`."""

from rung.reports.sessions.writer import KINDS, SessionFiles, session_file

__all__ = ["KINDS", "SessionFiles", "session_file"]
