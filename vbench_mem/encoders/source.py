"""Where the code of a user's encoder is, and its hash: by reading, never by importing. No torch.

The parent of a run reads; only the measuring process imports, after it has checked the hash again.
"""

import ast
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from vbench_mem.base.errors import UsageError, nearest
from vbench_mem.encoders.custom import Custom

NAME = r"[A-Za-z_]\w*"
REFERENCE = rf"^{NAME}(\.{NAME})*:{NAME}$"
EXAMPLE = "my_package.module:function"


def is_reference(text: str) -> bool:
    """Does it name a user's own encoder? No encoder of the table has a colon."""
    return ":" in text


def check_reference(text: str) -> str:
    """The text itself; raises `UsageError` where it is not `package.module:function`."""
    if not re.match(REFERENCE, text):
        raise UsageError(f"'{text}' does not name an encoder of your own; write it like {EXAMPLE}")
    return text


@cache  # for the cells of one matrix; `load_matrix` empties it
def find_custom(reference: str, beside: Path) -> Custom:
    """The spec of `package.module:function` for a matrix in the folder `beside`.

    Raises `UsageError` for what is no reference, no module there, or no such function in it.
    """
    module, _, function = check_reference(reference).partition(":")
    own = list(dict.fromkeys((beside, Path.cwd())))
    for root in (*own, *python_path()):
        path = file_of(module, root)
        if path is not None:
            check_function(path, function)
            local = root in own
            return Custom(
                build=reference,
                source_sha256=sha256_of_sources(module, root, local=local),
                folder=str(root) if local else None,
            )
    raise UsageError(missing(module, own))


def sha256_now(spec: Custom) -> str | None:
    """The hash as it is now; None where the module is gone."""
    for root in roots(spec):
        if file_of(spec.module, root) is not None:
            return sha256_of_sources(spec.module, root, local=spec.folder is not None)
    return None


def file_now(spec: Custom) -> Path | None:
    """The module's file; None where it is gone."""
    found = (file_of(spec.module, root) for root in roots(spec))
    return next((path for path in found if path is not None), None)


def roots(spec: Custom) -> list[Path]:
    return python_path() if spec.folder is None else [Path(spec.folder)]


def python_path() -> list[Path]:
    """Where Python imports from, as far as it is folders."""
    return [folder for text in sys.path if (folder := Path(text or ".").resolve()).is_dir()]


def file_of(module: str, root: Path) -> Path | None:
    """The module's file below `root`: a package's is its `__init__.py`."""
    place = root.joinpath(*module.split("."))
    found = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((path for path in found if path.is_file()), None)


def missing(module: str, own: Iterable[Path]) -> str:
    """Where it was looked for, and a module beside it that is called nearly the same."""
    above, _, name = module.rpartition(".")
    beside = {
        path.stem if path.suffix else path.name
        for root in own
        for path in root.joinpath(*above.split(".") if above else ()).glob("[!._]*")
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    hint = nearest(name, sorted(beside))
    where = ", ".join(map(str, own))
    return (
        f"no module {module}: no file {module.replace('.', '/')}.py in {where}, "
        "or on Python's import path" + (hint if "did you mean" in hint else "")
    )


def check_function(path: Path, function: str) -> None:
    """Raises `UsageError` where the file cannot be read or defines no such name at its top."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise UsageError(f"{path}: line {error.lineno}: {error.msg}; correct it") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    names = list(defined(tree.body))
    if function in names or "*" in names:
        return
    hint = nearest(function, names) if names else ""
    raise UsageError(f"{path} defines no '{function}'{hint}")


def defined(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Names that statements at the top of a file give a meaning to; `*` for a star import."""
    for each in body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield each.name
        elif isinstance(each, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in each.names)
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            found = (node for target in targets for node in ast.walk(target))
            yield from (node.id for node in found if isinstance(node, ast.Name))
        else:  # if, try, with
            for _, part in ast.iter_fields(each):
                for inner in part if isinstance(part, list) else ():
                    if isinstance(inner, ast.ExceptHandler):
                        yield from defined(inner.body)
                    elif isinstance(inner, ast.stmt):
                        yield from defined([inner])


def sha256_of_sources(module: str, root: Path, *, local: bool) -> str:
    """Of the module's file and all that it imports from beside it, in turn.

    Beside it is the whole of a user's own folder (`local`), and else the same package.
    """
    package = module.partition(".")[0]
    todo, files = [*prefixes(module)], dict[str, Path | None]()
    while todo:
        name = todo.pop()
        top = name.partition(".")[0]
        if name in files or top == "vbench_mem" or not (local or top == package):
            continue
        path = files[name] = file_of(name, root)
        if path is not None:
            todo += imported(name, path)
    found = hashlib.sha256()
    for name, path in sorted(files.items()):
        if path is not None:
            found.update(f"{name} {path.stat().st_size} ".encode() + path.read_bytes())
    return found.hexdigest()


def prefixes(module: str) -> Iterator[str]:
    """`a.b` -> `a`, `a.b`: what Python runs to import it."""
    parts = module.split(".")
    return (".".join(parts[: end + 1]) for end in range(len(parts)))


def imported(name: str, path: Path) -> Iterator[str]:
    """Modules that the file asks for; what it takes from one may be a module too."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return  # the import itself will say so
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from prefixes(alias.name)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".") if package and node.level else []
            above = above[: len(above) - node.level + 1] if node.level else above
            whole = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield from prefixes(f"{whole}.{alias.name}" if whole else alias.name)
