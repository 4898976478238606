"""`report` and `check` from the command line, on hand-made records."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tests.analysis.budgets.made import MIB, MODULES, predicted
from tests.report.commands import LIMIT, invoke, keep, own_store
from tests.rows import GIB, MACHINE, TEXT, matrix_of, ok, oom
from vbench_mem.analysis.budgets.baseline import Baseline, entry_of, keys_of
from vbench_mem.cli import app
from vbench_mem.matrix.load import Matrix
from vbench_mem.running.record import Record
from vbench_mem.running.store import Store

OPTIONS = {
    "report": {
        *("matrices", "--store", "--machine", "--scores", "--out", "--json"),
        *("--predicted", "--card", "--title", "--page-only"),
    },
    "check": {
        *("matrix", "--store", "--machine", "--scores", "--json"),
        *("--budgets", "--junit", "--update-baseline"),
    },
}


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    return matrix_of(tmp_path, TEXT + LIMIT)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def test_a_report_has_all_its_files(matrix: Matrix, root: Path) -> None:
    store = own_store(root, matrix)
    keep(store, matrix, *(ok(cell) for cell in matrix.cells[:-1]), oom(matrix.cells[-1]))
    result = invoke("report", matrix.path, "--store", root)
    assert result.exit_code == 0, result.output
    folder = store.folder / "report"
    assert {path.name for path in folder.iterdir()} == {
        *("report.html", "report.pdf", "report.md", "table.csv", "table.parquet"),
        *("matrix.yaml", "figures", "records"),
    }
    assert {"memory_frames.svg", "memory_frames.png"} <= {
        path.name for path in (folder / "figures").iterdir()
    }
    for cell in matrix.cells:
        text = (folder / "records" / f"{cell.id}.json").read_text()
        assert Record.model_validate_json(text).cell_id == cell.id
    assert (folder / "matrix.yaml").read_text() == matrix.text
    flat = result.output.replace("\n", "")
    assert str(folder / "report.html") in flat
    assert "no figure memory_recall" in flat


def test_a_page_alone_has_its_figures_inside_and_links_to_no_other_form(
    matrix: Matrix, root: Path
) -> None:
    store = own_store(root, matrix)
    keep(store, matrix, *map(ok, matrix.cells))
    folder = root / "page"
    result = invoke("report", matrix.path, "--store", root, "--out", folder, "--page-only")
    assert result.exit_code == 0, result.output
    assert {path.name for path in folder.iterdir()} == {
        *("report.html", "table.csv", "matrix.yaml", "records"),
    }
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page and "figures/" not in page
    assert all(f"records/{cell.id}.json" in page for cell in matrix.cells)


def test_a_report_as_json_says_what_did_not_meet(matrix: Matrix, root: Path) -> None:
    keep(own_store(root, matrix), matrix, ok(matrix.cells[0]))
    arguments = ("--store", root, "--scores", "reference", "--out", root / "here", "--json")
    result = invoke("report", matrix.path, *arguments)
    data = json.loads(result.stdout)
    assert data["folder"] == str(root / "here")
    assert len(data["rows"]) == len(data["unmatched_cells"]) == 8
    assert len(data["unmatched_scores"]) == 162
    assert [verdict["outcome"] for verdict in data["verdicts"]].count("fail") == 7
    assert (root / "here" / "report.html").is_file()


def test_scores_of_a_matrix_are_found_beside_it(tmp_path: Path, root: Path) -> None:
    form = (
        "variant,size,frames,mask_ratio,dataset,direction,metric,value,protocol,origin,source\n"
        "joint_test,test,4,0,msr-vtt,t2v,recall_at_1,0.4,zero-shot,imported,mine\n"
    )
    (tmp_path / "mine.csv").write_text(form)
    matrix = matrix_of(tmp_path, TEXT + "scores: [mine.csv]\n")
    keep(own_store(root, matrix), matrix, *(ok(cell) for cell in matrix.cells))
    data = json.loads(invoke("report", matrix.path, "--store", root, "--json").stdout)
    assert data["rows"][0]["scores"] == {"score.imported.msr-vtt.t2v.recall_at_1.zero-shot": 0.4}
    assert "figures/memory_recall.svg" in data["files"]
    (tmp_path / "mine.csv").write_text(form.replace("0.4", "40"))
    broken = invoke("report", matrix.path, "--store", root)
    assert broken.exit_code == 2
    assert "mine.csv: row 2: value:" in broken.output


@pytest.mark.parametrize(("peak", "code"), [(3 * GIB, 0), (5 * GIB, 1), (None, 1)])
def test_check_holds_breaks_or_was_not_measured(
    peak: int | None, code: int, matrix: Matrix, root: Path
) -> None:
    keep(own_store(root, matrix), matrix, *(ok(cell, peak) for cell in matrix.cells))
    result = invoke("check", matrix.path, "--store", root)
    assert result.exit_code == code
    assert result.stdout.count("PASS" if code == 0 else "FAIL") == 8


def test_check_exits_with_3_when_there_is_nothing_to_judge(
    tmp_path: Path, matrix: Matrix, root: Path
) -> None:
    none = invoke("check", matrix.path, "--store", root)
    assert (none.exit_code, "no records" in none.output) == (3, True)
    bare = matrix_of(tmp_path, TEXT, "bare")
    keep(own_store(root, bare), bare, *(ok(cell) for cell in bare.cells))
    result = invoke("check", bare.path, "--store", root)
    assert (result.exit_code, "has no budgets" in result.output) == (3, True)
    budget = "budgets: [{metric: peak_alloc_bytes, where: {encoder: tubevit_test}, max: 4 GiB}]\n"
    idle = matrix_of(tmp_path, TEXT + budget, "idle")
    keep(own_store(root, idle), idle, *(ok(cell) for cell in idle.cells))
    result = invoke("check", idle.path, "--store", root)
    assert (result.exit_code, "NOTHING TO JUDGE" in result.output) == (3, True)


def test_check_exits_with_3_for_unlike_machines_unless_one_is_named(
    matrix: Matrix, root: Path
) -> None:
    keep(Store(root / matrix.name / "0123abcd"), matrix, *(ok(cell) for cell in matrix.cells))
    result = invoke("check", matrix.path, "--store", root)
    assert (result.exit_code, "0123abcd" in result.output) == (3, True)
    assert invoke("check", matrix.path, "--store", root, "--machine", "0123").exit_code == 0
    # one run from elsewhere can be drawn here, and says so
    drawn = invoke("report", matrix.path, "--store", root)
    assert (drawn.exit_code, "the records are of another machine" in drawn.output) == (0, True)
    keep(Store(root / matrix.name / "4567cdef"), matrix)
    several = invoke("report", matrix.path, "--store", root)
    assert (several.exit_code, "0123abcd, 4567cdef" in several.output) == (2, True)


def test_check_exits_with_2_for_bad_input(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(TEXT + "budgets: [{metric: peak_alloc_bytes, max: 4 GB}]\n")
    result = invoke("check", path, "--store", root)
    assert result.exit_code == 2
    assert "budgets[0]" in result.output
    assert "'4 GB' is not a size; write it like '4 GiB'" in result.output


def test_check_as_json_has_the_exit_code_and_the_numbers(matrix: Matrix, root: Path) -> None:
    keep(own_store(root, matrix), matrix, *(ok(cell, 5 * GIB) for cell in matrix.cells))
    result = invoke("check", matrix.path, "--store", root, "--json")
    data = json.loads(result.stdout)
    assert data["exit_code"] == result.exit_code == 1
    assert {(v["actual"], v["limit"]) for v in data["verdicts"]} == {(5 * GIB, 4 * GIB)}


def test_an_unusable_record_is_reported_and_fails(matrix: Matrix, root: Path) -> None:
    store = own_store(root, matrix)
    keep(store, matrix, *(ok(cell) for cell in matrix.cells))
    store.record_path(matrix.cells[0].id).write_text('{"schema')
    result = invoke("check", matrix.path, "--store", root)
    assert result.exit_code == 1
    assert "torn" in result.output
    assert "missing: no record; run the matrix" in result.output


@pytest.mark.parametrize("command", OPTIONS)
def test_the_option_list_is_frozen(command: str) -> None:
    parameters = typer.main.get_command(app).commands[command].params  # type: ignore[attr-defined]
    names = {
        max(item.opts, key=len) if item.param_type_name == "option" else item.name
        for item in parameters
    }
    assert names - {"--help"} == OPTIONS[command]


@pytest.mark.parametrize("command", OPTIONS)
def test_the_help_has_examples(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert f"vbench-mem {command} quick" in result.output


def test_check_needs_neither_torch_nor_pandas_nor_matplotlib(matrix: Matrix, root: Path) -> None:
    keep(own_store(root, matrix), matrix, *(ok(cell) for cell in matrix.cells))
    code = (
        "import sys; from vbench_mem.cli import app\n"
        f"try: app(['check', {str(matrix.path)!r}, '--store', {str(root)!r}])\n"
        "except SystemExit as end: code = end.code\n"
        "print(code, {'torch', 'pandas', 'matplotlib', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 set()"


def test_check_as_json_says_why_there_is_nothing_to_judge(matrix: Matrix, root: Path) -> None:
    absent = invoke("check", matrix.path, "--store", root, "--json")
    assert absent.exit_code == 3
    assert "no records" in json.loads(absent.stdout)["reason"]
    keep(own_store(root, matrix), matrix)  # a run that was stopped before its first record
    empty = invoke("check", matrix.path, "--store", root, "--json")
    assert empty.exit_code == 3
    data = json.loads(empty.stdout)
    assert (data["exit_code"], data["verdicts"]) == (3, [])
    assert "no records" in invoke("check", matrix.path, "--store", root).stderr


def test_a_report_that_cannot_be_written_is_one_sentence(matrix: Matrix, root: Path) -> None:
    keep(own_store(root, matrix), matrix, *(ok(cell) for cell in matrix.cells))
    (root / "out" / "report.html").mkdir(parents=True)  # a folder where the page should be
    result = invoke("report", matrix.path, "--store", root, "--out", root / "out")
    assert result.exit_code == 2
    assert f"error: {root / 'out'}: cannot be written to: is a directory" in result.stderr
    assert "choose another with --out" in result.stderr


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        (
            "{metric: peak_alloc_bytes, where: {variant: joint_tset}, max: 4 GiB}",
            "budgets[0].where.variant: no encoder called 'joint_tset'; did you mean joint_test?",
        ),
        (
            "{metric: peak_alloc_bytes, max_ratio: 1.0, to: {variant: joint_test+mask57}}",
            "budgets[0].to.variant: no recipe called 'mask57'; did you mean mask75?",
        ),
        (
            "{metric: t2v_recall_at_1, min: 0.1, dataset: vatx}",
            "budgets[0].dataset: no score of vatx; did you mean vatex?",
        ),
    ],
)
def test_a_misspelt_variant_or_dataset_is_refused(
    budget: str, says: str, tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "slip.yaml"
    path.write_text(TEXT + f"budgets: [{budget}]\n")
    store = root / "slip" / "0123abcd"
    Store(store).prepare("", MACHINE)
    result = invoke("check", path, "--store", root, "--machine", "0123")
    assert result.exit_code == 2
    assert f"{path}: {says}" in result.stderr


def test_a_report_judges_growth_by_the_prediction_that_was_recorded(
    tmp_path: Path, root: Path
) -> None:
    text = TEXT.replace("[joint_test, frame_mean_test]", "joint_test").replace("[4, 8]", "4")
    limit = "baseline: base.json\nbudgets: [{metric: predicted_peak_bytes, max_growth: 0.01}]\n"
    matrix = matrix_of(tmp_path, text + limit)
    full, masked = matrix.cells
    modules = MODULES | {"<i>mine": {"activation": 5 * MIB}}
    details = {"prediction": predicted(modules).dump()}
    bare = ok(masked, predicted_peak_bytes=1)  # of a time when records held no prediction
    own = own_store(root, matrix)
    keep(own, matrix, ok(full).model_copy(update={"details": details}), bare)
    without = json.loads(invoke("report", matrix.path, "--store", root, "--json").stdout)
    assert "cannot be compared: no baseline is given" in without["verdicts"][0]["message"]
    keys = keys_of(matrix.cells).values()
    entries = {key: entry_of(predicted()) for key in keys}
    Baseline(torch="2.13", cells=entries).write(tmp_path / "base.json")
    invoke("report", matrix.path, "--store", root)
    page = (own.folder / "report" / "report.html").read_text()
    assert "is 5.0 MiB (5.00 %) above the baseline of 100.0 MiB" in page
    assert "; at the peak grew: &lt;i&gt;mine activation +5.0 MiB" in page
    assert "was not predicted (the record holds no prediction)" in page
