"""Files of a git revision, read with the git program. Nothing is checked out or changed."""

import os
import subprocess
from collections.abc import Callable, Mapping
from difflib import get_close_matches

from vbench_mem.base.errors import UsageError

TIMEOUT_S = 60
LOCAL = "name a folder or a file instead"


def git(*arguments: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """Run in the current folder, in English; raises `OSError` and `TimeoutExpired`."""
    settings = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(
        ["git", "--no-optional-locks", *arguments],
        input=given,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
        env=os.environ | settings,
    )


def stored(
    text: str, revision: str, path: str, is_wanted: Callable[[str], bool]
) -> tuple[str, dict[str, bytes | None]]:
    """`path` at `revision` of the repository that the current folder is in; a path is from its root
    unless it begins with a dot. Raises `UsageError` saying `text`, which is what was typed.

    Returns the commit's short name, or the revision as typed if it is no commit; and the wanted
    files below a folder by relative path, or a file by ``, None where git does not give it.
    """
    try:
        commit, blobs = look_up(text, revision, path)
        return commit, contents(
            {name: blobs[name] for name in blobs if not name or is_wanted(name)}
        )
    except FileNotFoundError as error:
        raise UsageError(f"{text}: the git program was not found; {LOCAL}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{text}: git failed: {error}; {LOCAL}") from error


def contents(blobs: Mapping[str, str]) -> dict[str, bytes | None]:
    """Files by name, in one call of git."""
    request = "".join(f"{blob}\n" for blob in blobs.values())
    rest = git("cat-file", "--batch", given=request.encode()).stdout
    found: dict[str, bytes | None] = dict.fromkeys(blobs)
    for name in blobs:
        head, _, rest = rest.partition(b"\n")
        words = head.split()
        if len(words) == 3 and words[1] == b"blob":
            size = int(words[2])
            found[name], rest = rest[:size], rest[size + 1 :]
    return found


def look_up(text: str, revision: str, path: str) -> tuple[str, dict[str, str]]:
    inside = git("rev-parse", "--git-dir")
    if inside.returncode != 0:
        why = inside.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise UsageError(f"{text}: the current folder is in no git repository ({why}); {LOCAL}")
    if revision.startswith("-") or resolve(f"{revision}^{{tree}}") is None:
        raise UsageError(
            f"{text}: no revision called '{revision}' in this repository; "
            "`git log --oneline` and `git tag` list them"
        )
    path = path.rstrip("/")
    found = resolve(f"{revision}:{path}")
    if found is None:
        raise UsageError(f"{text}: {revision} has no '{path}'{beside(revision, path)}")
    commit = git("rev-parse", "--short", "--verify", "--quiet", f"{revision}^{{commit}}").stdout
    is_file = git("cat-file", "-t", found).stdout.strip() == b"blob"
    return commit.decode().strip() or revision, {"": found} if is_file else files_of(found)


def resolve(name: str) -> str | None:
    """The object with this name, or None."""
    done = git("rev-parse", "--verify", "--quiet", name)
    return done.stdout.decode().strip() if done.returncode == 0 else None


def files_of(tree: str) -> dict[str, str]:
    """Every file below, with its object; links and modules are not among them."""
    found = {}
    for line in filter(None, git("ls-tree", "-r", "-z", "--full-tree", tree).stdout.split(b"\0")):
        about, _, name = line.partition(b"\t")
        mode, kind, blob = about.split()
        if kind == b"blob" and mode != b"120000":
            found[name.decode(errors="replace")] = blob.decode()
    return found


def beside(revision: str, path: str) -> str:
    """`; did you mean reports/a?`; empty where the revision has no such name."""
    options = ("-r", "-t", "-z", "--full-tree", "--name-only")
    names = git("ls-tree", *options, revision).stdout.decode(errors="replace").split("\0")
    close = get_close_matches(path, names, n=1)
    return f"; did you mean {close[0]}?" if close else ""
