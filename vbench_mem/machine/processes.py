"""Context managers for starting child processes. No torch."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import ModuleType


@contextlib.contextmanager
def anonymous_main() -> Iterator[None]:
    """Hide this program's script: multiprocessing would run it again in every child."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def ignore_sigint() -> Iterator[None]:
    """Processes started meanwhile ignore Ctrl-C: the server would print a traceback."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
