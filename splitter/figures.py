"""Sizes and times for a person: rounded, with their unit."""

from __future__ import annotations


def spell_seconds(seconds: float) -> str:
    """``45 s``, ``3 min``, ``5 h``, ``2 d``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def spell_bytes(size: float) -> str:
    """``512 bytes``, ``3 MB``, ``1.2 TB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"
