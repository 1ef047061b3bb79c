"""zstd frames: a stream cut into frames of bounded size, and back, with bounded memory whatever the bytes are."""

from __future__ import annotations

import sys
from collections.abc import Iterator

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE = 1 << 18  # bytes handed to or taken from zstd at once
FRAME = 4 << 20  # compressed bytes after which a frame is closed
LONGEST_FRAME = 16 << 20  # compressed bytes that a reader takes into memory: part of the format
_LARGEST_WINDOW = 23  # 2^23 bytes: what level 19 asks for; a frame may not make the reader hold more

_Parameter = zstd.CompressionParameter


class FrameError(Exception):
    """the bytes are not one whole zstd frame of the expected size"""


class FrameMaker:
    """Compresses a stream; what it returns are whole frames. Each decompresses on its own. For one thread."""

    def __init__(self, level: int) -> None:
        # zstd's own checksum lets `zstd -t` judge a frame that was cut out by hand
        self._compressor = zstd.ZstdCompressor(options={_Parameter.compression_level: level, _Parameter.checksum_flag: 1})
        self._parts: list[bytes] = []
        self._length = 0
        self._begun = False

    def feed(self, piece: bytes | bytearray | memoryview) -> bytes | None:
        """Take some bytes, much fewer than a frame has; returns a frame where one is full."""
        self._begun = True
        self._add(self._compressor.compress(piece))
        return self.end() if self._length >= FRAME else None

    def end(self) -> bytes | None:
        """The frame that is begun, closed; None where none is."""
        if not self._begun:
            return None
        self._add(self._compressor.flush())
        frame = b"".join(self._parts)
        self._parts, self._length, self._begun = [], 0, False
        return frame

    def _add(self, part: bytes) -> None:
        if part:
            self._parts.append(part)
            self._length += len(part)


def compress(data: bytes, level: int) -> bytes:
    """``data`` as one frame."""
    return zstd.compress(data, options={_Parameter.compression_level: level, _Parameter.checksum_flag: 1})


def decompress(frame: bytes, limit: int) -> Iterator[bytes]:
    """The frame's content in pieces. FrameError: not exactly one whole frame, or more than ``limit`` bytes of content."""
    decompressor = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW})
    feed, length = frame, 0
    while not decompressor.eof:
        try:
            piece = decompressor.decompress(feed, PIECE)
        except zstd.ZstdError as exc:
            raise FrameError(str(exc)[:1].lower() + str(exc)[1:].rstrip(".")) from exc
        feed = b""
        length += len(piece)
        if length > limit:
            raise FrameError(f"it holds more than the {limit} bytes that it should")
        if piece:
            yield piece
        elif decompressor.needs_input and not decompressor.eof:
            raise FrameError("it ends too early")
    if decompressor.unused_data:
        raise FrameError(f"{len(decompressor.unused_data)} bytes follow its end")
