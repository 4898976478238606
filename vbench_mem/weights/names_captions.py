"""Published names of caption towers -> one vocabulary of parts, per library. No torch.

Parts: `words`, `places` (embeddings), `norm`, `head` (the projection), and layers as in `names`.
Caption towers of timm and of another library inside open_clip (`text.*`) are not known here.
"""

from vbench_mem.weights.kinds import Kind
from vbench_mem.weights.names import OPEN_CLIP, TRANSFORMERS, Names, both

# matches nothing: names are whole, since the vision side has the same ones with a prefix
NOTHING = r"(?!)"

TRANSFORMERS_CAPTIONS = Names(
    above=NOTHING,
    layer=r"text_model\.encoder\.layers\.(\d+)\.",
    inside=TRANSFORMERS.inside,
    outside=both({"text_model.final_layer_norm": "norm", "text_model.head": "head"})
    | {
        "text_model.embeddings.token_embedding.weight": "words.weight",
        "text_model.embeddings.position_embedding.weight": "places.weight",
        "text_projection.weight": "head.weight",
        "logit_scale": "scale",
    },
)

# Source: mlfoundations/open_clip, model.py, CLIP; the same names as openai/CLIP, model.py.
OPEN_CLIP_CAPTIONS = Names(
    above=NOTHING,
    layer=OPEN_CLIP.layer,
    inside=OPEN_CLIP.inside,
    outside=both({"ln_final": "norm", "text_projection": "head"})
    | {
        "token_embedding.weight": "words.weight",
        "positional_embedding": "places.weight",
        "text_projection": "head.columns",
        "logit_scale": "scale",
    },
)

CAPTIONS_OF: dict[Kind, Names] = {
    "clip": TRANSFORMERS_CAPTIONS,
    "siglip": TRANSFORMERS_CAPTIONS,
    "open_clip": OPEN_CLIP_CAPTIONS,
}
