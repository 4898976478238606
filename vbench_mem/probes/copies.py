"""Deep copies of fake tensors, as `copy.deepcopy` makes them of real ones.

torch's own also copies the mode of a fake tensor, and gives views of one storage separate storages.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

# In the memo of a deep copy: storages that several tensors share.
STORAGES_KEY = "vbench_mem.storages"


def deep_copy(self: Tensor, memo: dict[Any, Any]) -> Tensor:
    """A parameter: its values. Any other tensor: its storage, gradient and attributes."""
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError("only graph leaves, tensors that a user made, can be copied deeply")
    made: Tensor
    if isinstance(self, nn.Parameter):
        made = nn.Parameter(self.detach().clone(), requires_grad=self.requires_grad)
        memo[id(self)] = made
        return made
    with torch.no_grad():
        storage = self.untyped_storage()
        storages = memo.setdefault(STORAGES_KEY, {})
        if storage._cdata not in storages:
            whole = self.as_strided((storage.nbytes() // self.itemsize,), (1,), 0)
            storages[storage._cdata] = whole.clone()
        flat = storages[storage._cdata].view(self.dtype)
        made = flat.as_strided(self.shape, self.stride(), self.storage_offset())
    made.requires_grad_(self.requires_grad)
    if self.grad is not None:
        made.grad = copy.deepcopy(self.grad, memo)
    for name, value in vars(self).items():
        if name not in vars(made):
            setattr(made, name, copy.deepcopy(value, memo))
    memo[id(self)] = made
    return made
