"""Several processes that train one network together: torchrun starts them, on one machine or on several."""
import os
import sys

import torch
import torch.distributed as distributed
from torch import nn


class Team:
    """This process among those that train. Alone, all of it does nothing."""

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank, self.size = rank, size

    @staticmethod
    def joined() -> "Team":
        """The team that torchrun's variables name; what other processes than the first print is dropped."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return Team()
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        team = Team(distributed.get_rank(), distributed.get_world_size())
        if team.rank:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")
        return team

    @property
    def leads(self) -> bool:
        """The process that writes files and evaluates."""
        return self.rank == 0

    def device(self) -> torch.device:
        return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")

    def total(self, value: torch.Tensor) -> torch.Tensor:
        """The sum over all processes, without a gradient."""
        value = value.detach().clone()
        if self.size > 1:
            distributed.all_reduce(value)
        return value

    def agreed(self, value: float, device: torch.device) -> float:
        """The first process's value: clocks differ, and all have to stop after the same step."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=device)
        distributed.broadcast(shared, 0)
        return float(shared)

    def add_gradients(self, module: nn.Module) -> None:
        """Sums gradients over all processes. Losses are divided by what all of them have, so this is the gradient of the
        whole batch."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
            gradient.copy_(part.view_as(gradient))

    def share(self, module: nn.Module) -> None:
        """Gives all processes the first one's weights and statistics."""
        if self.size > 1:
            for tensor in [*module.parameters(), *module.buffers()]:
                distributed.broadcast(tensor.detach(), 0)

    def wait(self) -> None:
        if self.size > 1:
            distributed.barrier()
