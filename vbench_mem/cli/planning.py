"""`plan`: what a matrix would need on a card. Runs nothing."""

import json

from vbench_mem.cli.arguments import RUNS, CardName, Json, Matrix, Only, StoreFolder, find_matrix


def plan(
    matrix: Matrix,
    card: CardName = None,
    only: Only = None,
    store: StoreFolder = RUNS,
    as_json: Json = False,
) -> None:
    """Predict the memory and time of each cell of MATRIX, and whether it fits.

    Nothing is run and no device is touched. Minutes are computed from records of the same kind of
    machine, or from the card's dense peak where there are none.

    \b
    vbench-mem plan paper_scale --card a100-40
    vbench-mem plan paper_long --card 16GiB --only mask75
    """
    from vbench_mem.cli.forecasts import draw, json_of_forecasts
    from vbench_mem.cli.predicting import predict_shown
    from vbench_mem.machine.cards import parse_card
    from vbench_mem.matrix.load import load_matrix
    from vbench_mem.running.forecast import forecast
    from vbench_mem.running.launch import ForkServerLauncher
    from vbench_mem.running.plan import make_plan
    from vbench_mem.running.skip_predicted import small_groups_first
    from vbench_mem.running.target import ExecutionTarget

    named = None if card is None else parse_card(card)
    loaded = load_matrix(find_matrix(matrix))
    whole = make_plan(loaded, {}, only)
    ForkServerLauncher(start_now=bool(whole.todo))  # imports torch while the machine is read
    target = ExecutionTarget.of(loaded.cells, named)
    wanted = {cell.id: (cell, target.hardware(cell)) for cell in whole.todo}
    outcomes = predict_shown(wanted)
    records = target.records(store, loaded.name)
    ordered = small_groups_first(tuple(whole.todo), outcomes)
    found = forecast(
        {cell.id: wanted[cell.id] for cell in ordered},
        outcomes,
        target.card,
        target.memory_limit,
        records,
    )
    if as_json:
        print(json.dumps(json_of_forecasts(loaded, whole, found, named), indent=1))
    else:
        draw(loaded, whole, found, named)
