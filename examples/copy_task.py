"""The copy task in one file, without the command line of spectral-bench.

Ten symbols are shown, then come ``--length`` blank steps, then the network has to recite the symbols. A network without
memory cannot do better than a loss of 10 ln 8 / (length + 20). A Spectral-RNN learns the task in about half a minute on
two CPU cores; with ``--rnn``, PyTorch's own RNN trains in its place, and stays at the baseline.

    python examples/copy_task.py
    python examples/copy_task.py --rnn

Axes: T time, B batch, D input, N hidden size.
"""

import argparse
import math
import time

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from spectral_bench.nn import SpectralRNN

SYMBOLS, ALPHABET = 10, 8
BLANK, DELIMITER = 0, 9


def draw_batch(length: int, batch_size: int) -> tuple[Tensor, Tensor]:
    """Inputs, shape (T, B, 10), one-hot; and targets, shape (T, B), int64; T = length + 20."""
    symbols = torch.randint(1, ALPHABET + 1, (SYMBOLS, batch_size))
    tokens_TB = torch.full((length + 2 * SYMBOLS, batch_size), BLANK)
    targets_TB = tokens_TB.clone()
    tokens_TB[:SYMBOLS] = symbols
    tokens_TB[-SYMBOLS - 1] = DELIMITER
    targets_TB[-SYMBOLS:] = symbols
    return one_hot(tokens_TB, 10).float(), targets_TB


class CopyNetwork(nn.Module):
    """A recurrent layer and a linear readout at every time step."""

    def __init__(self, recurrent: nn.Module, hidden_size: int) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.readout = nn.Linear(hidden_size, ALPHABET + 1)

    def forward(self, x_TBD: Tensor) -> Tensor:
        """Scores of the nine answers, shape (T, B, 9)."""
        states_TBN, _ = self.recurrent(x_TBD)
        return self.readout(states_TBN)


def loss_and_recall(network: CopyNetwork, length: int, batch_size: int) -> tuple[Tensor, float]:
    """Mean cross entropy over all steps, and the fraction of the ten symbols that was recalled."""
    x_TBD, targets_TB = draw_batch(length, batch_size)
    scores_TBK = network(x_TBD)
    loss = cross_entropy(scores_TBK.flatten(0, 1), targets_TB.flatten())
    recalled = scores_TBK[-SYMBOLS:].argmax(-1) == targets_TB[-SYMBOLS:]
    return loss, recalled.float().mean().item()


def main() -> None:
    """Train, and print the loss as it falls."""
    parser = argparse.ArgumentParser(description="The copy task with a Spectral-RNN.")
    parser.add_argument("--length", type=int, default=100, help="blank steps between symbols and recall")
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--reflectors", type=int, default=64, help="Householder reflectors of U, and of V")
    parser.add_argument("--r", type=float, default=0.01, help="every singular value stays in [1 - r, 1 + r]")
    parser.add_argument("--steps", type=int, default=300, help="updates")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rnn", action="store_true", help="train torch.nn.RNN instead")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_flush_denormal(True)  # a vanishing gradient otherwise makes many CPUs slow
    recurrent: nn.Module
    if args.rnn:
        recurrent = nn.RNN(10, args.hidden_size)
    else:
        # Linear, as in the copy runs of Vorontsov et al. (2017).
        recurrent = SpectralRNN(
            10, args.hidden_size, m1=args.reflectors, m2=args.reflectors, r=args.r, activation="identity"
        )
    network = CopyNetwork(recurrent, args.hidden_size)
    optimizer = torch.optim.Adam(network.parameters(), lr=args.lr)

    print(f"baseline loss {SYMBOLS * math.log(ALPHABET) / (args.length + 2 * SYMBOLS):.4f}")
    began = time.perf_counter()
    every = max(1, args.steps // 10)
    for step in range(1, args.steps + 1):
        loss, _ = loss_and_recall(network, args.length, args.batch_size)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if isinstance(recurrent, SpectralRNN):
            recurrent.constrain_()
        if step % every == 0:
            with torch.no_grad():
                test_loss, recall = loss_and_recall(network, args.length, 500)
            seconds = time.perf_counter() - began
            print(f"step {step:5}  loss {test_loss.item():.4f}  recall {recall:.3f}  {seconds:5.1f} s")
    if isinstance(recurrent, SpectralRNN):
        print(f"largest |sigma - 1| {recurrent.spectral_margin():.4f}, r = {args.r}")


if __name__ == "__main__":
    main()
