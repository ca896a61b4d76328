"""PTB: streams that continue, every token scored once, perplexity, and files that are something else."""

import math
from itertools import pairwise

import pytest
import torch
from fabricate import write_ptb

from spectral_bench.errors import DataError, InputError

TRAIN = "the cat sat\nthe dog sat on the cat\n"  # 3 + 1 + 6 + 1 tokens
WORDS = ["the", "cat", "sat", "<eos>", "the", "dog", "sat", "on", "the", "cat", "<eos>"]


@pytest.fixture
def text(make_task, tmp_path):
    write_ptb(tmp_path, TRAIN, "the cat\n", "on the dog\n")
    return make_task("ptb", verify=False, bptt=2)


def spoken(task, tokens):
    return [task.vocabulary[token] for token in tokens]


def test_words_are_numbered_by_frequency_and_lines_end_with_eos(text):
    assert text.vocabulary == ["the", "<eos>", "cat", "sat", "dog", "on"]
    assert text.signature.input_size == text.signature.output_size == 6


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 7, 10])
def test_every_token_but_the_first_is_predicted_exactly_once_from_the_one_before_it(text, batch_size):
    batches = list(text.batches("train", batch_size))
    inputs, targets = (torch.cat([getattr(b, side) for b in batches]) for side in ("inputs", "targets"))
    given, asked = inputs.T.flatten(), targets.T.flatten()  # stream after stream
    counts = asked != -100
    pairs = list(zip(spoken(text, given[counts]), spoken(text, asked[counts]), strict=True))
    assert pairs == list(pairwise(WORDS))
    assert sum(map(text.weight, batches)) == 10
    assert [b.continues for b in batches] == [False] + [True] * (len(batches) - 1)


def test_training_windows_continue_within_an_epoch_and_start_again_with_the_next(text):
    assert text.updates_per_epoch(2) == 3  # streams of 5 tokens, two at a time
    batches = [text.train_batch(step, 2, seed=0) for step in range(4)]
    assert [b.continues for b in batches] == [False, True, True, False]
    assert spoken(text, batches[0].inputs[:, 0]) == ["the", "cat"]
    assert spoken(text, batches[1].inputs[:, 0]) == ["sat", "<eos>"]
    assert spoken(text, batches[0].inputs[:, 1]) == ["dog", "sat"]
    assert torch.equal(batches[3].inputs, batches[0].inputs)


@pytest.mark.parametrize("batch_size", [1, 3, 4])
def test_the_weighted_mean_of_batch_losses_is_the_mean_over_tokens_whatever_the_batch_size(text, batch_size):
    logits = torch.randn(6, 6, dtype=torch.float64)  # of the next token, by the one before it
    total = weight = 0.0
    for batch in text.batches("train", batch_size):
        total += text.weight(batch) * text.losses(logits[batch.inputs], batch.targets).mean().item()
        weight += text.weight(batch)
    numbers = [text.vocabulary.index(word) for word in WORDS]
    expected = -logits.log_softmax(1)[numbers[:-1], numbers[1:]].mean().item()
    assert total / weight == pytest.approx(expected, rel=1e-12)
    assert text.metric_value(total / weight, 0.0) == pytest.approx(math.exp(expected))


def test_perplexity_of_a_diverged_model_is_infinite(text):
    assert text.metric_value(1e4, 0.0) == math.inf


def test_the_baseline_knows_training_frequencies_only(text):
    # test text: on the dog <eos>; the first token is given
    expected = math.exp(-(math.log(3 / 11) + math.log(1 / 11) + math.log(2 / 11)) / 3)
    assert text.baseline.value == pytest.approx(expected)


def test_unknown_words_are_unk_where_the_training_text_has_it(make_task, tmp_path):
    write_ptb(tmp_path, "a <unk> b\n", "a zebra\n", "b\n")
    task = make_task("ptb", verify=False)
    batch = next(task.batches("validation", 1))
    assert spoken(task, batch.targets.flatten()) == ["<unk>", "<eos>"]


def test_unknown_words_are_refused_where_nothing_stands_for_them(make_task, tmp_path):
    write_ptb(tmp_path, "a b\n", "a zebra\n", "b\n")
    with pytest.raises(DataError, match=r"ptb.valid.txt: has the word 'zebra', which is not in ptb.train.txt"):
        make_task("ptb", verify=False)


@pytest.mark.parametrize(
    "train",
    [
        "the cat \u2028 sat\nthe \x0c dog \x85 sat on the \x1ecat\n",
        "\ufeffthe cat sat\nthe dog sat on the cat\n",
        "the cat sat\n\ufeffthe dog sat on the cat\n",
        "the cat sat\r\nthe dog sat on the cat\r\n",
        "the cat sat\rthe dog sat on the cat",
    ],
)
def test_only_ends_of_lines_end_sentences_and_byte_order_marks_are_no_words(make_task, tmp_path, text, train):
    for part, content in (("train", train), ("valid", "\ufeffthe cat\n")):
        (tmp_path / "ptb" / f"ptb.{part}.txt").write_bytes(content.encode())
    task = make_task("ptb", verify=False, bptt=2)
    assert task.vocabulary == text.vocabulary
    for split in ("train", "validation"):
        ours, theirs = (next(one.batches(split, 1)).targets for one in (task, text))
        assert torch.equal(ours, theirs)


def test_a_text_of_ones_own_is_not_to_be_downloaded_again(make_task, tmp_path):
    write_ptb(tmp_path, "a b\n", "a zebra\n", "b\n")
    with pytest.raises(DataError, match="zebra") as caught:
        make_task("ptb", verify=False)
    assert "data download" not in str(caught.value)
    (tmp_path / "ptb" / "ptb.valid.txt").write_bytes("a bär\n".encode("cp1252"))
    with pytest.raises(DataError, match="not text in UTF-8") as caught:
        make_task("ptb", verify=False)
    assert "data download" not in str(caught.value)


def test_another_vocabulary_is_refused_as_ptb(make_task, tmp_path):
    write_ptb(tmp_path, TRAIN, "the cat\n", "on\n")
    with pytest.raises(DataError, match=r"ptb.train.txt: has a vocabulary of 6, expected 10,000(.|\n)*download ptb"):
        make_task("ptb")


def test_the_right_vocabulary_with_another_number_of_tokens_is_refused_as_ptb(make_task, tmp_path):
    write_ptb(tmp_path, " ".join(f"w{i}" for i in range(9_999)), "w1\n", "w2\n")
    with pytest.raises(DataError, match=r"ptb.train.txt: has 10,000 tokens, expected 929,589"):
        make_task("ptb")


def test_damaged_files_are_refused(make_task, tmp_path):
    write_ptb(tmp_path, TRAIN, "the cat\n", "")
    with pytest.raises(DataError, match=r"ptb.test.txt: holds no text"):
        make_task("ptb", verify=False)
    (tmp_path / "ptb" / "ptb.test.txt").write_bytes(b"\xff\x00")
    with pytest.raises(DataError, match=r"ptb.test.txt: is not a text file"):
        make_task("ptb", verify=False)
    (tmp_path / "ptb" / "ptb.test.txt").unlink()
    with pytest.raises(DataError, match=r"ptb/ptb.test.txt is not there"):
        make_task("ptb", verify=False)


def test_sizes_below_one_are_refused(make_task):
    with pytest.raises(InputError, match="at least 1, not 0 and 128"):
        make_task("ptb", bptt=0)


def test_evaluation_takes_fewer_streams_where_the_text_is_short(text):
    batches = list(text.batches("validation", 500))
    assert sum(map(text.weight, batches)) == 2
