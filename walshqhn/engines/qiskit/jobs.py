"""A record of jobs on hardware, so that an interrupted run picks up what it has paid for.

A text file of JSON lines. The first says what it is; then, for each job, a line when it is submitted, and one
more with the measured bits where the backend itself keeps no results. Lines are on disk before anything waits.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.support.errors import FormatError, UsageError

_HEADER = {"format": "walshqhn jobs", "version": 1}


@dataclass
class Request:
    """Circuits to be measured, and the jobs that do it."""

    key: str
    """Checksum of everything that decides the outcome."""
    occurrence: int
    """How many requests with that key came before it."""
    job_ids: list[str] = field(default_factory=list)
    """The backend's own names of its jobs, in the order of submission."""
    result: npt.NDArray[np.uint8] | None = None
    """(M, shots, N), where it was stored."""


class Journal:
    """The requests recorded in ``path``, in order; one process at a time.

    FormatError if the file is none of ours. A line that was cut short by a crash is ignored.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], Request] = {}
        self._asked: dict[str, int] = defaultdict(int)
        if self.path.is_dir() or not self.path.parent.is_dir():
            raise UsageError(f"{path} cannot be a file of jobs: it is a folder, or its folder does not exist.")
        if self.path.exists() and self.path.stat().st_size:
            self._load()
        else:
            self._write(_HEADER)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def request(self, key: str) -> Request:
        """The next request with this key: as recorded in an earlier run, or a new one."""
        with self._lock:
            occurrence = self._asked[key]
            self._asked[key] += 1
            return self._known.setdefault((key, occurrence), Request(key, occurrence))

    def submitted(self, request: Request, job_id: str, **details: Any) -> None:
        """Record a job as soon as it has an id."""
        with self._lock:
            request.job_ids.append(job_id)
            self._write({"key": request.key, "occurrence": request.occurrence, "job_id": job_id, **details,
                         "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})  # fmt: skip

    def forget(self, request: Request) -> None:
        """Record that a request's jobs have failed, so that they are submitted anew."""
        with self._lock:
            request.job_ids.clear()
            self._write({"key": request.key, "occurrence": request.occurrence, "failed": True})

    def finished(self, request: Request, bits: npt.NDArray[np.uint8]) -> None:
        """Record measured bits (M, shots, N)."""
        with self._lock:
            packed = base64.b64encode(zlib.compress(np.packbits(bits).tobytes())).decode()
            self._write({"key": request.key, "occurrence": request.occurrence, "shape": bits.shape, "bits": packed})
            request.result = bits

    def _write(self, entry: dict[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(entry).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _load(self) -> None:
        content = self.path.read_bytes()
        lines = content.split(b"\n")
        if lines[-1]:  # cut short: what follows must not be glued to it
            with self.path.open("r+b") as file:
                file.truncate(len(content) - len(lines[-1]))
        for number, line in enumerate(lines[:-1], start=1):
            try:
                entry = json.loads(line)
                if number == 1:
                    if entry != _HEADER:
                        raise ValueError("its first line is another's")
                else:
                    self._take(entry)
            except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
                raise FormatError(f"{self.path}: not a file of jobs, or damaged in line {number} ({error}).") from error
        if len(lines) < 2:
            raise FormatError(f"{self.path}: not a file of jobs.")

    def _take(self, entry: dict[str, Any]) -> None:
        place = (str(entry["key"]), int(entry["occurrence"]))
        request = self._known.setdefault(place, Request(*place))
        if "job_id" in entry:
            request.job_ids.append(str(entry["job_id"]))
        elif "bits" in entry:
            shape = tuple(entry["shape"])
            packed = np.frombuffer(zlib.decompress(base64.b64decode(entry["bits"])), np.uint8)
            request.result = np.unpackbits(packed, count=int(np.prod(shape))).reshape(shape)
        elif entry["failed"]:
            request.job_ids.clear()
