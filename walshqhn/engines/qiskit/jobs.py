"""A record of hardware jobs, so that a resumed run does not pay for them again.

A text file of JSON lines. The first is a header; then there is a line for each submitted job, and another with the
measured bits where the backend itself keeps no results. Lines are on disk before anything waits.
"""

from __future__ import annotations

import base64
import json
import math
import os
import threading
import time
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from walshqhn.support.arrays import BitArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import FormatError, UsageError
from walshqhn.support.files import check_source

_HEADER = {"format": "walshqhn jobs", "version": 1}
_WRITING = threading.Lock()


@dataclass
class Request:
    """Circuits to be measured, and the jobs that measure them."""

    key: str
    """Checksum of everything that determines the outcome."""
    occurrence: int
    """The number of earlier requests with that key."""
    job_ids: list[str] = field(default_factory=list)
    """The backend's names of its jobs, in the order of submission."""
    result: BitArray | None = None
    """(M, shots, N), where it was stored."""


class Journal:
    """The requests recorded in ``path``, in order; for one process at a time.

    FormatError if the file is something else. A line truncated by a crash is ignored.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._known: dict[tuple[str, int], Request] = {}
        self._asked: dict[str, int] = defaultdict(int)
        if self.path.is_dir() or not self.path.parent.is_dir():
            raise UsageError(f"{path} cannot be a file of jobs: it is a folder, or its folder does not exist.")
        if self.path.exists() and self.path.stat().st_size:
            self._load()
        else:
            self._write(_HEADER)

    def request(self, key: str) -> Request:
        """The next request with this key: recorded in an earlier run, or a new one."""
        with _WRITING:
            occurrence = self._asked[key]
            self._asked[key] += 1
            return self._known.setdefault((key, occurrence), Request(key, occurrence))

    def record(self, request: Request, bits: BitArray | None = None, **entry: Any) -> None:
        """Record a ``job_id`` as soon as there is one, that a request ``failed``, or its ``bits`` (M, shots, N)."""
        if bits is not None:
            packed = base64.b64encode(zlib.compress(np.packbits(bits).tobytes())).decode()
            entry |= {"shape": bits.shape, "bits": packed}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        entry = {"key": request.key, "occurrence": request.occurrence, **entry, "time": now}
        with _WRITING:
            self._write(entry)
            self._take(entry)

    def _write(self, entry: dict[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(entry).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _load(self) -> None:
        content = check_source(self.path).read_bytes()
        *lines, rest = content.split(b"\n")
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                if number > 1:
                    self._take(entry)
                elif entry != _HEADER:
                    raise ValueError("its header is different")
            except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
                raise FormatError(f"{self.path}: not a file of jobs, or damaged in line {number} ({error}).") from error
        if not lines:
            raise FormatError(f"{self.path}: not a file of jobs.")
        if rest:  # truncated: the next line must not be appended to it
            os.truncate(self.path, len(content) - len(rest))

    def _take(self, entry: dict[str, Any]) -> None:
        place = (str(entry["key"]), int(entry["occurrence"]))
        request = self._known.setdefault(place, Request(*place))
        if "job_id" in entry:
            request.job_ids.append(str(entry["job_id"]))
        elif "bits" in entry:
            shape = tuple(check_whole("a size", size, 0) for size in entry["shape"])
            count = math.prod(shape)
            unpacker = zlib.decompressobj()
            packed = np.frombuffer(unpacker.decompress(base64.b64decode(entry["bits"]), count // 8 + 2), np.uint8)
            if packed.size != -(-count // 8):
                raise ValueError(f"{shape} bits are claimed, of which not all are there")
            request.result = np.unpackbits(packed, count=count).reshape(shape)
        elif entry["failed"]:  # its jobs are submitted again
            request.job_ids.clear()
