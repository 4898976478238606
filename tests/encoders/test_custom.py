"""A user's own encoder: found without importing it, built as the protocol says, slips told."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.encoders.custom_code import HEAD, cell_of
from vbench_mem.base.errors import Unsupported, UsageError
from vbench_mem.encoders.build import build
from vbench_mem.encoders.custom import Custom
from vbench_mem.encoders.source import find_custom
from vbench_mem.encoders.wrapped import Wrapped
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.batch import noise

Write = Callable[..., Path]
PLAIN = """
class Plain(nn.Module):
    def __init__(self, load):
        super().__init__()
        self.video = nn.Linear(3 * load.resolution_px**2, 8)
        self.text = nn.Embedding(30522, 8)

    def forward(self, clips, ids, mask):
        return self.video(clips.flatten(2)).mean(1), self.text(ids).mean(1)

build = Plain
"""


def built(cell: Cell) -> Wrapped:
    assert isinstance(cell.spec, Custom)
    return build(cell.spec, cell.recipe, cell.load, cell.runtime)


def embedded(cell: Cell) -> tuple[torch.Tensor, torch.Tensor]:
    return built(cell)(*noise(cell, torch.device("cpu")).tensors())


def refused(folder: Path, reference: str) -> str:
    with pytest.raises(UsageError) as caught:
        find_custom(reference, folder)
    return str(caught.value)


def test_code_is_found_beside_the_matrix_then_here_then_where_python_imports_from(
    write_code: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, installed = tmp_path / "here", tmp_path / "installed"
    monkeypatch.syspath_prepend(installed)
    monkeypatch.chdir(tmp_path)
    write_code(HEAD + PLAIN, "installed.pkg.own_code")
    assert find_custom("pkg.own_code:build", here).folder is None
    write_code(HEAD + PLAIN, "pkg.own_code")
    assert find_custom("pkg.own_code:build", here).folder == str(tmp_path)
    write_code(HEAD + PLAIN, "here.pkg.own_code")
    assert find_custom("pkg.own_code:build", here).folder == str(here)


def test_finding_never_imports(write_code: Write, tmp_path: Path) -> None:
    write_code("def build(load): ...\nraise RuntimeError('imported')\n")
    assert find_custom("own_code:build", tmp_path).build == "own_code:build"
    assert "own_code" not in sys.modules


def test_an_edit_of_what_is_imported_from_beside_is_another_hash(
    write_code: Write, tmp_path: Path
) -> None:
    def sha256() -> str:
        find_custom.cache_clear()
        return find_custom("pkg.own_code:build", tmp_path).source_sha256

    write_code("from .layers import deep\nimport pkg.sizes\ndef build(load): ...\n", "pkg.own_code")
    write_code("def unused(): from . import lazy\n", "pkg.layers.deep")
    seen = [sha256()]
    for name in ("pkg.sizes", "pkg.layers.lazy", "pkg.__init__", "pkg.layers.deep"):
        write_code("import pkg.own_code\n", name)
        seen.append(sha256())
    assert len(set(seen[:4])) == 4
    write_code("x = 1\n", "pkg.unrelated")
    assert sha256() == seen[-1]


def test_what_defines_the_function_may_be_any_statement_at_the_top(
    write_code: Write, tmp_path: Path
) -> None:
    write_code(
        "from a import b as one\nimport two.more\ntry:\n    three: int = 3\n"
        "except ImportError:\n    four = 4\nif one:\n    def five(load): ...\n"
        "six, (seven,) = 6, (7,)\nclass Eight: ...\n"
    )
    for name in ("one", "two", "three", "four", "five", "six", "seven", "Eight"):
        find_custom(f"own_code:{name}", tmp_path)
    write_code("async def later():\n    inside = 1\n", "waiting")
    find_custom("waiting:later", tmp_path)  # calling it tells what is wrong
    with pytest.raises(UsageError, match="defines no 'inside'"):
        find_custom("waiting:inside", tmp_path)
    write_code("from elsewhere import *\n", "starry")
    find_custom("starry:anything", tmp_path)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "own_code:",
            "'own_code:' does not name an encoder of your own; write it like my_package.",
        ),
        ("own-code:build", "'own-code:build' does not name an encoder of your own"),
        ("a:b:c", "'a:b:c' does not name an encoder of your own"),
        ("own_cod:build", "did you mean own_code?"),
        ("pkg.own_cod:build", "no file pkg/own_cod.py in {folder}, "),
        ("pkg.own_cod:build", "did you mean own_code?"),
        ("own_code:bild", "own_code.py defines no 'bild'; did you mean build?"),
        ("own_code:inner", "defines no 'inner'"),
        ("torn:build", "torn.py: line 1: '(' was never closed; correct it"),
    ],
)
def test_a_slip_is_told_in_one_sentence(
    write_code: Write, tmp_path: Path, reference: str, message: str
) -> None:
    write_code("def build(load):\n    inner = 1\n")
    write_code("", "pkg.own_code")
    write_code("def build(", "torn")
    assert message.format(folder=tmp_path) in refused(tmp_path, reference)


def test_the_protocol_holds(write_code: Write, tmp_path: Path) -> None:
    write_code(HEAD + PLAIN)
    encoder = built(cell_of(tmp_path))
    assert encoder.training and encoder.logit_scale.requires_grad
    assert sum(weight.numel() for weight in encoder.parameters()) == 48 * 8 + 8 + 30522 * 8 + 1
    video, text = embedded(cell_of(tmp_path))
    assert video.shape == text.shape == (3, 8) and video.dtype is torch.float32
    assert torch.allclose(video.norm(dim=1), torch.ones(3))
    assert torch.allclose(text.norm(dim=1), torch.ones(3))


def test_its_own_temperature_and_what_it_freezes_are_kept(
    write_code: Write, tmp_path: Path
) -> None:
    write_code(
        HEAD + PLAIN + "\ndef own(load):\n    module = Plain(load)\n"
        "    module.logit_scale = nn.Parameter(torch.tensor(1.5))\n"
        "    module.text.requires_grad_(False)\n    return module\n"
        "def vague(load):\n    module = own(load)\n"
        "    module.logit_scale = nn.Parameter(torch.ones(2))\n    return module\n"
    )
    encoder = built(cell_of(tmp_path, "own_code:own"))
    assert encoder.logit_scale.item() == 1.5 and not hasattr(encoder, "temperature")
    trained = [name for name, each in encoder.named_parameters() if each.requires_grad]
    assert trained == ["inner.logit_scale", "inner.video.weight", "inner.video.bias"]
    with pytest.raises(UsageError, match="logit_scale must be a parameter of one number"):
        built(cell_of(tmp_path, "own_code:vague"))


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("None", "None"),
        ("video", r"\(3, 8\)"),
        ("(video, text[:, :4])", r"\(3, 8\) and \(3, 4\)"),
        ("(video[:2], text[:2])", r"\(2, 8\) and \(2, 8\)"),
        ("(video, text, video)", r"\(3, 8\) and \(3, 8\) and \(3, 8\)"),
        ("(video, 'text')", r"\(3, 8\) and a value of type str"),
        ("{'video': video}", "a value of type dict"),
        ("()", "an empty tuple"),
    ],
)
def test_a_wrong_result_is_told_in_one_sentence(
    write_code: Write, tmp_path: Path, returned: str, told: str
) -> None:
    result = "return self.video(clips.flatten(2)).mean(1), self.text(ids).mean(1)"
    swapped = f"video, text = {result.removeprefix('return ')}\n        return {returned}"
    write_code(HEAD + PLAIN.replace(result, swapped))
    with pytest.raises(UsageError, match=rf"own_code:build: forward returned {told}; it must") as e:
        embedded(cell_of(tmp_path))
    assert "(video_BE, text_BE), two tensors of one shape (3, width)" in str(e.value)


def test_what_is_no_module_is_refused(write_code: Write, tmp_path: Path) -> None:
    write_code("def build(load): return load.frames\n")
    with pytest.raises(
        UsageError, match=r"returned a value of type int; it must return a torch\.nn\.Module"
    ):
        built(cell_of(tmp_path))


def test_an_error_of_the_users_code_passes_through(write_code: Write, tmp_path: Path) -> None:
    write_code("def build(load): raise LookupError('no weights')\n")
    with pytest.raises(LookupError, match="no weights") as caught:
        built(cell_of(tmp_path))
    assert caught.traceback[-1].path == tmp_path / "own_code.py"


def test_code_that_exits_is_an_error_and_takes_nobody_with_it(
    write_code: Write, tmp_path: Path
) -> None:
    write_code("import sys\ndef build(load): ...\nsys.exit(3)\n")
    with pytest.raises(RuntimeError, match="own_code:build asked Python to exit"):
        built(cell_of(tmp_path))


def test_code_that_was_edited_since_the_matrix_was_read_is_not_measured(
    write_code: Write, tmp_path: Path
) -> None:
    write_code(HEAD + PLAIN)
    cell = cell_of(tmp_path)
    write_code(HEAD + PLAIN + "# another width\n")
    with pytest.raises(UsageError, match="has changed since the matrix was read"):
        built(cell)
    (tmp_path / "own_code.py").unlink()
    with pytest.raises(UsageError, match="code has changed since"):
        built(cell)


def test_a_module_of_the_same_name_from_elsewhere_is_not_measured(
    write_code: Write, tmp_path: Path
) -> None:
    write_code(HEAD + PLAIN, "other.own_code")
    built(cell_of(tmp_path / "other"))
    write_code(HEAD + PLAIN)
    with pytest.raises(UsageError, match="rename one of them"):
        built(cell_of(tmp_path))


def test_what_was_made_elsewhere_is_moved_to_the_device(write_code: Write, tmp_path: Path) -> None:
    write_code(
        HEAD
        + PLAIN.replace("build = Plain", "def build(load):\n    module = Plain(load)\n")
        + "    module.register_buffer('table', torch.zeros(2, device='cpu'))\n    return module\n"
    )
    with torch.device("meta"):
        encoder = built(cell_of(tmp_path))
    assert {held.device.type for held in (*encoder.parameters(), *encoder.buffers())} == {"meta"}


ATTENDING = """
class Attending(nn.Module):
    def __init__(self, load):
        super().__init__()
        self.heads = nn.Linear(48, 8)

    def forward(self, clips, ids, mask):
        x = self.heads(clips.flatten(2))[:, None]
        allowed = torch.ones(2, 2, dtype=torch.bool).tril() if MASKED else None
        x = nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=allowed)
        seen.append(torch.backends.cuda.flash_sdp_enabled())
        return x[:, 0, 0], x[:, 0, 1]

seen = []
build = Attending
"""


def test_the_kernel_is_forced_in_the_whole_forward_and_only_there(
    write_code: Write, tmp_path: Path
) -> None:
    write_code(HEAD + "MASKED = False\n" + ATTENDING)
    auto, math = (embedded(cell_of(tmp_path, attention=kernel)) for kernel in ("auto", "math"))
    assert sys.modules["own_code"].seen == [True, False]
    assert torch.backends.cuda.flash_sdp_enabled()
    assert auto[0].shape == math[0].shape


def test_a_kernel_that_an_attention_cannot_take_is_unsupported(
    write_code: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_fits(*_: object, **__: object) -> None:
        raise RuntimeError("No available kernel. Aborting execution.")

    write_code(HEAD + "MASKED = True\n" + ATTENDING)
    monkeypatch.setattr(nn.functional, "scaled_dot_product_attention", none_fits)
    with pytest.raises(Unsupported, match="attention flash cannot run an attention of own_code"):
        embedded(cell_of(tmp_path, attention="flash"))
    with pytest.raises(RuntimeError, match="No available kernel"):
        embedded(cell_of(tmp_path))


def test_the_folder_is_no_part_of_the_id_and_the_code_is(write_code: Write, tmp_path: Path) -> None:
    write_code(HEAD + PLAIN)
    write_code(HEAD + PLAIN, "moved.own_code")
    here, moved = cell_of(tmp_path), cell_of(tmp_path / "moved")
    assert here.spec != moved.spec and here.id == moved.id
    assert isinstance(here.spec, Custom)
    edited = replace(here, spec=replace(here.spec, source_sha256="0"))
    assert edited.id != here.id
