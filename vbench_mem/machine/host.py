"""The host's side of the environment: processor, memory, packages, git revision. No torch."""

import importlib.util
import os
import platform
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

from vbench_mem import __version__

SOURCE = Path(__file__).resolve().parents[1]
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
    """A file of /proc or /sys, or nothing where this system has none."""
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


def cgroup_folder(controller: str) -> Path | None:
    """The folder of this process's control group, version 2 or 1; None outside Linux."""
    for line in text_of("/proc/self/cgroup").splitlines():
        _, controllers, inside = line.split(":", 2)
        if controllers == controller:
            root = Path("/sys/fs/cgroup") / controller
        elif not controllers:
            root = Path("/sys/fs/cgroup")
        else:
            continue
        # inside a container the path is the host's and the group itself is mounted at the root
        for folder in (root / inside.lstrip("/"), root):
            if (folder / "memory.events").exists() or (folder / "memory.limit_in_bytes").exists():
                return folder
    return None


def memory_limit_bytes() -> int | None:
    """The container's memory limit; None for no limit."""
    folder = cgroup_folder("memory")
    if folder is None:
        return None
    for name in ("memory.max", "memory.limit_in_bytes"):
        text = text_of(str(folder / name)).strip()
        if text.isdecimal() and int(text) < 2**60:  # version 1 writes "no limit" as a huge number
            return int(text)
    return None


def oom_kills() -> dict[str, int]:
    """How often the kernel has killed for want of memory: in this control group, and anywhere."""
    counts: dict[str, int] = {}
    folder = cgroup_folder("memory")
    sources = {"machine": "/proc/vmstat"}
    if folder is not None:
        name = "memory.events" if (folder / "memory.events").exists() else "memory.oom_control"
        sources["control group"] = str(folder / name)
    for source, path in sources.items():
        match = re.search(r"^oom_kill (\d+)$", text_of(path), re.MULTILINE)
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
    versions = {"vbench_mem": __version__}
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
