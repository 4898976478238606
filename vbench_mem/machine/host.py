"""The host's side of the environment: processor, memory, packages, git revision. No torch."""

import importlib.util
import os
import platform
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

from vbench_mem.base.version import VERSION

SOURCE = Path(__file__).resolve().parents[1]
OWN_GROUP, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
LIMITS = ("memory.max", "memory.limit_in_bytes")  # of a control group, in version 2 and 1
KILLS = ("memory.events", "memory.oom_control")
# What can change how much memory is taken or how fast it goes, and is set outside the matrix.
SETTINGS = (
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES",
    "LD_PRELOAD",
    "MALLOC_ARENA_MAX",
    "MKL_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
)
ALLOCATOR_SETTINGS = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")


def text_of(path: str) -> str:
    """The text of a file of /proc or /sys; empty where this system has none."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


def cpu_model() -> str:
    match = re.search(r"^model name\s*:\s*(.+)$", text_of("/proc/cpuinfo"), re.MULTILINE)
    return match[1].strip() if match else platform.processor() or platform.machine() or "unknown"


def cpu_cores() -> int:
    """Cores this process may run on, which a container or taskset can make fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int | None:
    """Memory of the machine; None where /proc does not say."""
    match = re.search(r"^MemTotal:\s*(\d+) kB", text_of("/proc/meminfo"), re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def memory_groups() -> list[Path]:
    """This process's control group and those above it, up to the mounted one, of version 2 or 1.

    The own group goes first; one that does not account for memory is left out. Empty outside Linux.
    """
    for line in text_of(str(OWN_GROUP)).splitlines():
        _, controllers, inside = line.split(":", 2)
        if "memory" in controllers.split(","):
            root = GROUPS / "memory"
        elif not controllers:
            root = GROUPS
        else:
            continue
        # inside a container the path is the host's and the group itself is mounted at the root
        own = root / inside.lstrip("/")
        chain = [folder for folder in (own, *own.parents) if folder.is_relative_to(root)]
        names = (*LIMITS, *KILLS)
        groups = [folder for folder in chain if any((folder / name).exists() for name in names)]
        if groups:
            return groups
    return []


def memory_limit_bytes() -> int | None:
    """The smallest memory limit of the control group and of those above it, which all hold; None
    for no limit."""
    texts = [text_of(str(group / name)).strip() for group in memory_groups() for name in LIMITS]
    limits = [int(text) for text in texts if text.isdecimal()]
    # version 1 writes "no limit" as a huge number
    return min((limit for limit in limits if limit < 2**60), default=None)


def host_bytes() -> int | None:
    """The container's limit or the machine's memory, whichever is less; None where neither is
    known."""
    known = [size for size in (memory_limit_bytes(), memory_bytes()) if size]
    return min(known, default=None)


def oom_kills() -> dict[str, int]:
    """How often the kernel has killed processes since memory ran out: in this group, and anywhere.

    A kill counts for the group of the killed process, whosever limit was met. Version 2 counts it
    for all groups above too, so that one without a counter is counted by the next.
    """
    counts: dict[str, int] = {}
    files = (group / name for group in memory_groups() for name in KILLS)
    own = next((file for file in files if file.exists()), None)
    for source, path in (("machine", Path("/proc/vmstat")), ("control group", own)):
        match = re.search(r"^oom_kill (\d+)$", text_of(str(path)) if path else "", re.MULTILINE)
        if match:
            counts[source] = int(match[1])
    return counts


def torch_build() -> tuple[str, str | None]:
    """Version of torch and of the CUDA it was built for, read from its files without importing."""
    found = importlib.util.find_spec("torch")
    folder = Path(found.origin).parent if found and found.origin else Path()
    text = text_of(str(folder / "version.py"))
    version = re.search(r"^__version__\b[^=]*= '([^']+)'", text, re.MULTILINE)
    cuda = re.search(r"^cuda\b[^=]*= '([^']+)'", text, re.MULTILINE)
    return version[1] if version else metadata.version("torch"), cuda[1] if cuda else None


def requirements() -> list[str]:
    """What vbench_mem depends on, by name: as installed, else as the checkout declares it."""
    try:
        lines = metadata.requires("vbench_mem") or []
    except metadata.PackageNotFoundError:  # a checkout on the path that is not installed
        project = tomllib.loads(text_of(str(SOURCE.parent / "pyproject.toml"))).get("project", {})
        lines = project.get("dependencies", [])
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line]


def package_versions() -> dict[str, str]:
    """Versions of vbench_mem, of what it depends on, and of the compiler torch brings."""
    versions = {"vbench_mem": VERSION}
    for name in (*requirements(), "triton"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # an optional one that is not installed
    return dict(sorted(versions.items()))


def git(*arguments: str, folder: Path) -> str | None:
    """What git prints, or None where there is no git or no repository."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def git_state(source: Path = SOURCE) -> tuple[str, bool] | None:
    """Revision of the checkout the package runs from, and whether the package was edited since.

    None for an installed copy, also one inside some other project's repository.
    """
    if git("ls-files", "--error-unmatch", "__init__.py", folder=source) is None:
        return None
    revision = git("rev-parse", "HEAD", folder=source)
    changed = git("status", "--porcelain", "--", ".", folder=source)
    return None if revision is None or changed is None else (revision, bool(changed))
