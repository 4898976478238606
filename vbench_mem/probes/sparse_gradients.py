"""Sparse tensors, as gradients of word tables are: indices and values are two blocks each.

torch's fake sparse tensors lose their rows in most operations, so these are done here. How many
rows are left once equal indices are added up is known where the token ids are.
Check: equals the peak of the allocator's events, within the indices, for SparseAdam and Adagrad.
"""

from typing import Any

import torch
from torch import Tensor

from vbench_mem.base.errors import Unsupported
from vbench_mem.probes.module_tracker import NO_BACKWARD
from vbench_mem.probes.value_tracker import ValueTracker
from vbench_mem.probes.values import compute, tensors_in, written_tensors

aten = torch.ops.aten
COO = torch.sparse_coo
ROW_BY_ROW = {
    *(aten.mul.Tensor, aten.mul.Scalar, aten.div.Tensor, aten.div.Scalar, aten.neg.default),
    aten.pow.Tensor_Scalar,
}
MADE_OF = aten._sparse_coo_tensor_with_dims_and_tensors.default
# which operations on sparse tensors torch's fake ones do right
RIGHT = {
    *(MADE_OF, aten._indices.default, aten._values.default, aten.detach.default),
    *(aten.is_coalesced.default, aten._coalesced_.default, aten.sym_size.default),
}
UNKNOWN_ROWS = (
    "a sparse gradient adds up the rows of equal ids, and how many are left depends on ids that a "
    "prediction does not know; make them from something small, or write sparse=False"
)
NOT_FOLLOWED = "{operation} of a sparse tensor is not predicted; write sparse=False"
OTHER_LAYOUT = "a sparse tensor of the layout {layout} is not predicted; write torch.sparse_coo"


class SparseTracker(ValueTracker):
    """Also records the blocks of sparse tensors."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.namespace != "aten" or func in RIGHT or not any(map(is_sparse, tensors_in(args))):
            return super().__torch_dispatch__(func, types, args, kwargs)
        made = self.sparse_result(func, args)
        if made is not None:
            self.owner = self.modules.active()
            self.block_of(made)
            return made
        result = super().__torch_dispatch__(func, types, args, kwargs)
        if any(map(is_sparse, tensors_in(result))):
            raise Unsupported(NOT_FOLLOWED.format(operation=func))
        return result

    def sparse_result(self, func: Any, args: Any) -> Tensor | None:
        """Of the operations that torch's fake tensors do wrong; None of others."""
        first = args[0]
        if func is aten._coalesce.default:
            return self.coalesced(first)
        if func is aten.sparse_mask.default:
            mask = args[1]
            rows = first.new_empty(mask._values().shape)
            return self.alike(mask, mask._indices(), rows)
        if func is aten.clone.default:
            if torch._C._current_graph_task_id() != NO_BACKWARD:  # it takes over a new gradient
                return self.alike(first, first._indices(), first._values())
            return self.alike(first, first._indices().clone(), first._values().clone())
        if func is aten.add.Tensor and all(map(is_sparse, args[:2])):
            both = first, args[1]
            indices = torch.cat([each._indices() for each in both], 1)
            rows = torch.cat([each._values() for each in both])
            return self.alike(first, indices, rows, is_coalesced=False)
        if func in ROW_BY_ROW and is_sparse(first):
            return self.alike(first, first._indices().clone(), torch.empty_like(first._values()))
        return None

    def alike(
        self, tensor: Tensor, indices: Tensor, rows: Tensor, is_coalesced: bool = True
    ) -> Tensor:
        return torch.sparse_coo_tensor(
            indices,
            rows,
            tensor.shape,
            is_coalesced=is_coalesced and tensor.is_coalesced(),
            check_invariants=False,
        )

    def coalesced(self, tensor: Tensor) -> Tensor:
        """As many rows as there are different indices."""
        indices = self.value_of(tensor._indices())
        if indices is None:
            raise Unsupported(UNKNOWN_ROWS)
        unique = compute(aten.unique_dim.default, (indices, 1), {})[0]
        values = tensor._values()
        places = torch.empty(unique.shape, dtype=torch.int64)
        rows = values.new_empty(unique.shape[1], *values.shape[1:])
        made = torch.sparse_coo_tensor(
            places, rows, tensor.shape, is_coalesced=True, check_invariants=False
        )
        self.values.learn(self.block_of(places), places, unique)
        return made

    def block_of(self, tensor: Tensor) -> int:
        if is_sparse(tensor):
            super().block_of(tensor._indices())
            return super().block_of(tensor._values())
        return super().block_of(tensor)

    def block_if_known(self, tensor: Tensor) -> int | None:
        return super().block_if_known(tensor._values() if is_sparse(tensor) else tensor)

    def learn(self, func: Any, args: Any, kwargs: dict[str, Any], result: Any) -> None:
        if not any(map(is_sparse, tensors_in(args, kwargs, result))):
            super().learn(func, args, kwargs, result)
        else:  # indices keep their storage, and so what is known of them
            for each in written_tensors(func, args, kwargs):
                self.values.forget(self.block_if_known(each))

    def value_of(self, tensor: Tensor) -> Tensor | None:
        return None if is_sparse(tensor) else super().value_of(tensor)


def is_sparse(tensor: Tensor) -> bool:
    """Is it of the sparse layout that is predicted? Raises `Unsupported` for the others."""
    layout = tensor.layout
    if layout is not torch.strided and layout is not COO and "sparse" in str(layout):
        raise Unsupported(OTHER_LAYOUT.format(layout=layout))
    return layout is COO
