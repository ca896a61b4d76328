"""Penn Treebank, word by word: the next word from all before it (Mikolov et al., 2010; Zaremba et al., 2014)."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spectral_bench.data.checksums import digests
from spectral_bench.data.datasets import PTB, PTB_FILES
from spectral_bench.data.problems import damaged, missing
from spectral_bench.data.text_lines import NotTextError, read_lines
from spectral_bench.errors import DataError, InputError
from spectral_bench.nn.model import Signature
from spectral_bench.tasks.task import TASKS, Baseline, Batch, Metric, Split, Task

END_OF_SENTENCE = "<eos>"
UNKNOWN = "<unk>"

#: Target of a position without a prediction; ``cross_entropy`` ignores it.
_NOTHING = -100

_VOCABULARY_SIZE = 10_000
_SPLITS: tuple[Split, ...] = ("train", "validation", "test")
_TOKENS: dict[Split, int] = {"train": 929_589, "validation": 73_760, "test": 82_430}


@dataclass
class PTBConfig:
    """Keys of ``task=ptb``; see ``conf/task/ptb.yaml``."""

    name: str
    bptt: int
    embedding_size: int
    verify: bool


@TASKS.register("ptb")
class PTBTask(Task[PTBConfig]):
    """Predict every token of a text from those before it; sentences end with ``<eos>``.

    The text is cut into as many streams as the batch has rows, each as long as any; a batch holds the next ``bptt``
    tokens of every stream and continues the one before it, so that gradients go back ``bptt`` tokens and the state
    goes back to the start of the stream. The padding that makes the last stream as long as the others is not
    scored: all N - 1 predictions of a text of N tokens are made and scored, exactly once,
    whatever the batch size. (The state at the start of a stream is zero, so a perplexity depends a little on the
    number of streams.)

    The metric is perplexity, e to the mean loss of a token. The baseline knows how frequent each word is in the
    training text and nothing else.

    Raises:
        InputError: ``bptt`` is less than 1.
        DataError: a file is missing; with ``verify``, one is not Mikolov's (vocabulary of 10,000 with ``<eos>``,
            929,589 / 73,760 / 82,430 tokens); without it, a word of validation or test is unknown and the training
            text has no ``<unk>`` to stand for it.
    """

    Config = PTBConfig
    metric = Metric("perplexity", "min")
    evaluation_continues = True

    def __init__(self, config: PTBConfig, data_dir: Path) -> None:
        if config.bptt < 1 or config.embedding_size < 1:
            raise InputError(
                f"task.bptt and task.embedding_size must be at least 1, not {config.bptt} and {config.embedding_size}."
            )
        files = [file for file in PTB.find(data_dir) if file is not None]
        if len(files) != len(PTB_FILES):
            raise missing(PTB, data_dir)
        try:
            self._read_texts(config, dict(zip(_SPLITS, files, strict=True)))
        except _UnusableError as error:
            if config.verify:
                raise damaged(PTB, data_dir, error.file, error.problem) from error
            raise DataError(f"{error.file}: {error.problem}.") from error  # a text of one's own is nowhere else
        self._bptt = config.bptt
        self.signature = Signature(
            input_size=len(self.vocabulary),
            output_size=len(self.vocabulary),
            length=config.bptt,
            every_step=True,
            embedding_size=config.embedding_size,
        )
        frequencies = self._tokens["train"].bincount(minlength=len(self.vocabulary)).double()
        surprise = -(frequencies / frequencies.sum()).log()
        test, validation = (surprise[self._tokens[split][1:]].mean().exp().item() for split in ("test", "validation"))
        self.baseline = Baseline("metric", test, validation, "word frequencies of the training text")
        self.digests = digests(files, data_dir)

    def _read_texts(self, config: PTBConfig, files: dict[Split, Path]) -> None:
        texts = {split: _read(file) for split, file in files.items()}
        counts = Counter(texts["train"])
        #: Words by their number, the most frequent first.
        self.vocabulary = sorted(counts, key=lambda word: (-counts[word], word))
        if config.verify:
            _verify(texts, len(self.vocabulary), files)
        numbers = {word: number for number, word in enumerate(self.vocabulary)}
        stand_in = None if config.verify else numbers.get(UNKNOWN)
        self._tokens: dict[Split, Tensor] = {}
        for split, file in files.items():
            try:
                self._tokens[split] = _numbered(texts[split], numbers, stand_in)
            except KeyError as error:
                problem = f"has the word '{error.args[0]}', which is not in {PTB_FILES[0]}"
                raise _UnusableError(file, problem) from error

    def updates_per_epoch(self, batch_size: int) -> int | None:
        """Batches of ``bptt`` tokens a stream that one pass over the training text takes; the last may be shorter."""
        return -(-self._stream_length("train", batch_size) // self._bptt)

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:  # noqa: ARG002
        """The next tokens of every stream; a text has one order, so the seed changes nothing."""
        per_epoch = -(-self._stream_length("train", batch_size) // self._bptt)
        return self._window("train", batch_size, step % per_epoch)

    def batches(self, split: Split, batch_size: int) -> Iterator[Batch]:
        """The whole text of a split."""
        batch_size = min(batch_size, len(self._tokens[split]) - 1)
        for index in range(-(-self._stream_length(split, batch_size) // self._bptt)):
            yield self._window(split, batch_size, index)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy of every stream, scaled so that the mean over streams is the mean over predictions."""
        losses_TB = cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)
        return losses_TB.sum(0) * (targets.shape[1] / _predictions(targets))

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG002
        """Zeros: perplexity follows from the loss alone."""
        return torch.zeros(targets.shape[1], device=targets.device)

    def weight(self, batch: Batch) -> float:
        """Number of predictions."""
        return float(_predictions(batch.targets))

    def metric_value(self, mean_loss: float, mean_score: float) -> float:  # noqa: ARG002
        """Perplexity; infinite if it exceeds the largest float."""
        try:
            return math.exp(mean_loss)
        except OverflowError:
            return math.inf

    def _stream_length(self, split: Split, batch_size: int) -> int:
        predictions = len(self._tokens[split]) - 1
        if batch_size > predictions:
            raise InputError(f"train.batch_size={batch_size}: the {split} text has only {predictions} predictions.")
        return -(-predictions // batch_size)

    def _window(self, split: Split, batch_size: int, index: int) -> Batch:
        """Tokens ``bptt * index`` onwards of every stream, and the tokens that follow each."""
        length = self._stream_length(split, batch_size)
        tokens = self._tokens[split]
        first, last = self._bptt * index, min(self._bptt * (index + 1), length)
        starts_B = length * torch.arange(batch_size)
        positions_TB = torch.arange(first, last).unsqueeze(1) + starts_B
        absent_TB = positions_TB >= len(tokens) - 1
        positions_TB = positions_TB.masked_fill(absent_TB, 0)
        targets_TB = tokens[positions_TB + 1].masked_fill(absent_TB, _NOTHING)
        return Batch(tokens[positions_TB], targets_TB, continues=index > 0)


class _UnusableError(Exception):
    """A file that cannot be used."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(file, problem)
        self.file = file
        self.problem = problem


def _read(file: Path) -> list[str]:
    """The words of a file, each line followed by ``<eos>``; any white space stands between words."""
    try:
        lines = read_lines(file)
    except NotTextError as error:
        raise _UnusableError(file, f"{error}; expected one sentence a line") from error
    except OSError as error:
        raise _UnusableError(file, f"cannot be read ({error.strerror or error})") from error
    words = [word for line in lines for word in (*line.split(), END_OF_SENTENCE)]
    if len(words) < 2:
        raise _UnusableError(file, "holds no text; expected one sentence a line")
    return words


def _verify(texts: dict[Split, list[str]], vocabulary_size: int, files: dict[Split, Path]) -> None:
    """Refuse what is not Mikolov's preparation of the treebank."""
    advice = "(task.verify=false takes a text of your own)"
    if vocabulary_size != _VOCABULARY_SIZE:
        problem = f"has a vocabulary of {vocabulary_size:,}, expected {_VOCABULARY_SIZE:,} with <eos> {advice}"
        raise _UnusableError(files["train"], problem)
    for split, text in texts.items():
        if len(text) != _TOKENS[split]:
            problem = f"has {len(text):,} tokens, expected {_TOKENS[split]:,} with <eos> {advice}"
            raise _UnusableError(files[split], problem)


def _numbered(text: list[str], numbers: dict[str, int], stand_in: int | None) -> Tensor:
    """The number of every word, ``stand_in`` for unknown ones; without one, an unknown word is a KeyError."""
    if stand_in is None:
        return torch.tensor([numbers[word] for word in text])
    return torch.tensor([numbers.get(word, stand_in) for word in text])


def _predictions(targets: Tensor) -> int:
    return int((targets != _NOTHING).sum())
