"""One training step of our joint encoder against transformers' VivitModel at the same shape.

6 layers of width 384, 16 frames of 224 px in tubelets 2x16x16, batch 2, float32, attention "sdpa".
Same weights, projection, loss, optimiser and (negligible) caption tower; equal losses are asserted.
Memory is the exact peak of live tensor bytes, tracked storage by storage in a separate step.

The target is set against transformers as it comes. Its default activation is written out in five
elementwise operations; the last row gives it the same fused one that we use.
Run:  python -m tests.benchmarks.train_step_vs_transformers [ROUNDS]
"""

import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from transformers import VivitConfig, VivitModel

from tests.benchmarks.interleaved import Target, ratio, show, take_turns
from vbench_mem.base.load import Load
from vbench_mem.encoders.build import build
from vbench_mem.encoders.dual import DualEncoder
from vbench_mem.encoders.families.joint import Joint
from vbench_mem.encoders.recipes import RECIPES
from vbench_mem.encoders.sizes import TEXT_SIZES, Tower
from vbench_mem.encoders.text_spec import Text
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes.batch import Batch, noise
from vbench_mem.probes.storages import StorageTracker
from vbench_mem.probes.train_step import Trainer
from vbench_mem.weights.initialise import initialise

GIB = 2**30
TIME_LIMIT, MEMORY_LIMIT = 0.9, 0.5
AS_IT_COMES, SAME_ACTIVATION = "gelu_fast", "gelu_pytorch_tanh"
OURS = "vbench_mem, joint"
CELL = Cell(
    encoder="joint_384x6",
    recipe_name="full",
    spec=Joint(
        tower=Tower(width=384, depth=6, heads=6, mlp=1536),
        text=Text(tower=TEXT_SIZES["test"], vocab=1024),
        embed_dim=256,
        resolution_px=224,
        activation="gelu_tanh",
        class_token=True,
        pooling="class",
    ),
    recipe=RECIPES["full"],
    load=Load(frames=16, batch=2, resolution_px=224),
)


class Vivit(nn.Module):
    """transformers' model in place of our video tower."""

    def __init__(self, activation: str) -> None:
        super().__init__()
        tower = CELL.spec.tower
        self.model = VivitModel(
            VivitConfig(
                image_size=CELL.load.resolution_px,
                num_frames=CELL.load.frames,
                tubelet_size=[2, 16, 16],
                hidden_size=tower.width,
                num_hidden_layers=tower.depth,
                num_attention_heads=tower.heads,
                intermediate_size=tower.mlp,
                hidden_act=activation,
                attn_implementation="sdpa",
            ),
            add_pooling_layer=False,
        )
        self.head = nn.Linear(tower.width, CELL.spec.embed_dim, bias=False)

    def forward(self, clips_BTCHW: Tensor) -> Tensor:
        return self.model(clips_BTCHW).last_hidden_state[:, 0]


def ours() -> DualEncoder:
    torch.manual_seed(0)
    return build(CELL.spec, CELL.recipe, CELL.load, CELL.runtime)


def theirs(own: DualEncoder, activation: str) -> DualEncoder:
    """The peer; gives its random weights to our encoder and takes our caption tower."""
    peer = ours()
    vivit = Vivit(activation)
    with tempfile.TemporaryDirectory() as folder:
        vivit.model.save_pretrained(folder)
        report = initialise(own, CELL.spec, CELL.load, Path(folder))
    assert not report.names("unused"), report.names("unused")
    vivit.head.load_state_dict(own.video.head.state_dict())
    peer.video = vivit  # type: ignore[assignment]
    return peer


def peak_of_a_step(trainer: Trainer, batch: Batch) -> int:
    """Bytes of everything alive at the worst moment, weights and optimiser state included."""
    tracker = StorageTracker("cpu")
    with tracker:
        tracker.track([*trainer.encoder.state_dict().values(), *trainer.optimizer_state()])
        tracker.track(batch.tensors())
        tracker.timeline.begin("step")
        trainer.step(batch)
    return tracker.timeline.peak(*tracker.timeline.spans()).bytes


def main(rounds: int) -> None:
    own, device = ours(), torch.device("cpu")
    encoders = {OURS: own}
    for activation in (AS_IT_COMES, SAME_ACTIVATION):
        encoders[f"transformers, {activation}"] = theirs(own, activation)
    batch = noise(CELL, device)
    trainers = {name: Trainer(encoder, CELL, device) for name, encoder in encoders.items()}
    losses = [trainer.step(batch) for trainer in trainers.values()]
    for loss in losses[1:]:
        torch.testing.assert_close(loss, losses[0], atol=1e-4, rtol=1e-4)
    peaks = {name: peak_of_a_step(trainer, batch) for name, trainer in trainers.items()}
    seconds = take_turns(
        {name: partial(trainer.step, batch) for name, trainer in trainers.items()}, rounds
    )
    times = {name: ratio(seconds[OURS], each) for name, each in seconds.items()}
    memory = {name: peaks[OURS] / peak for name, peak in peaks.items()}
    rows = [
        [
            name,
            f"{median(seconds[name]):.3f}",
            f"{times[name]:.3f}",
            f"{peaks[name] / GIB:.3f}",
            f"{memory[name]:.3f}",
        ]
        for name in trainers
    ]
    peer = f"transformers, {AS_IT_COMES}"
    show(
        ["one training step", "s", "ours / this", "peak GiB", "ours / this"],
        rows,
        Target("time", times[peer], TIME_LIMIT),
        Target("memory", memory[peer], MEMORY_LIMIT),
    )
    print(f"equal losses; {rounds} rounds, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
