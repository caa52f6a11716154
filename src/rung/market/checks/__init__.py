"""Looks tapes over and reports: gaps, halts, false prints, spikes, outages, splits. Nothing is ever repaired."""

from __future__ import annotations

from rung.market.checks.findings import Finding, FindingKind, Severity, TapeReport
from rung.market.checks.params import CheckParams
from rung.market.checks.whole import check_tape

__all__ = ["CheckParams", "Finding", "FindingKind", "Severity", "TapeReport", "check_tape"]
