"""SpectralRNN in a training script of your own, in the place of ``torch.nn.RNN``.

The script classifies long sequences of noise by the sign of their first value. Three lines differ from a script that
uses ``torch.nn.RNN``; they are marked with (1), (2) and (3).

    python examples/spectral_rnn_in_your_training.py

Axes: T time, B batch, D input, N hidden size.
"""

import argparse

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from spectral_bench.nn import GradientTrace, SpectralRNN


class Classifier(nn.Module):
    """Two recurrent layers, and a linear readout after the last time step."""

    def __init__(self, hidden_size: int, r: float) -> None:
        super().__init__()
        # (1) The layer. Shapes are those of torch.nn.RNN, batch_first included.
        self.rnn = SpectralRNN(1, hidden_size, num_layers=2, r=r, batch_first=True)
        self.readout = nn.Linear(hidden_size, 2)

    def forward(self, x_BTD: Tensor, trace: GradientTrace | None = None) -> Tensor:
        """Scores of the two classes, shape (B, 2)."""
        _, final_LBN = self.rnn(x_BTD, trace=trace)
        return self.readout(final_LBN[-1])


def draw_batch(length: int, batch_size: int) -> tuple[Tensor, Tensor]:
    """Noise, shape (B, T, 1), and the sign of the first value as a class, shape (B,)."""
    x_BTD = 0.1 * torch.randn(batch_size, length, 1)
    classes = torch.randint(0, 2, (batch_size,))
    x_BTD[:, 0, 0] = 2.0 * classes - 1.0
    return x_BTD, classes


def main() -> None:
    """Train, and print how much of the gradient reaches the first time step."""
    parser = argparse.ArgumentParser(description="SpectralRNN in your own training script.")
    parser.add_argument("--length", type=int, default=200, help="time steps")
    parser.add_argument("--hidden-size", type=int, default=64)
    parser.add_argument("--r", type=float, default=0.1, help="every singular value stays in [1 - r, 1 + r]")
    parser.add_argument("--steps", type=int, default=200, help="updates")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    model = Classifier(args.hidden_size, args.r)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    every = max(1, args.steps // 10)
    for step in range(1, args.steps + 1):
        x_BTD, classes = draw_batch(args.length, args.batch_size)
        # (2) Optional: the backward pass writes the norm of dL/dh_t of every layer, time step and sample here.
        trace = GradientTrace() if step % every == 0 else None
        scores = model(x_BTD, trace)
        loss = cross_entropy(scores, classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        # (3) After every update, so that the reflectors keep norm 1.
        model.rnn.constrain_()
        if trace is not None:
            norms_TB = trace.norms[1]  # of the last layer, shape (T + 1, B), t = 0 the initial state
            carried = (norms_TB[0] / norms_TB[-1]).mean().item()
            accuracy = (scores.argmax(1) == classes).float().mean().item()
            print(
                f"step {step:4}  loss {loss.item():.4f}  accuracy {accuracy:.2f}  "
                f"gradient at t = 0 / at t = T: {carried:.3g}  largest |sigma - 1| {model.rnn.spectral_margin():.4f}"
            )


if __name__ == "__main__":
    main()
