"""UCR sets: classes, the validation split, time steps, and what is refused."""

import numpy as np
import pytest
import torch
from fabricate import ucr_text, write_ucr
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_bench.errors import DataError, InputError
from spectral_bench.tasks.ucr import hold_out


def test_labels_of_any_kind_become_0_to_c_minus_1_in_their_order(make_task, fabricated):
    task = make_task("ucr", fabricated, dataset="Small")
    assert task.signature.output_size == 3
    assert next(task.batches("test", 3)).targets.tolist() == [1, 0, 2]  # 2, -1, 10
    assert task.baseline.value == pytest.approx(1 / 3)


def test_training_and_validation_share_out_the_training_file_class_by_class(make_task, fabricated):
    task = make_task("ucr", fabricated, dataset="Small", validation_fraction=0.3)
    train, validation = (next(task.batches(split, 100)) for split in ("train", "validation"))
    assert train.targets.bincount().tolist() == [7, 7, 7]
    assert validation.targets.bincount().tolist() == [3, 3, 3]
    first_values = torch.cat([train.inputs[0, :, 0], validation.inputs[0, :, 0]])
    assert sorted(first_values.tolist()) == [12.0 * i for i in range(30)]
    assert validation.inputs[0, :, 0].tolist() != sorted(first_values.tolist())[:9]  # not simply the first


@settings(max_examples=100)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.floats(0.01, 0.99))
def test_every_class_keeps_a_training_series(counts, fraction):
    classes = np.repeat(np.arange(len(counts)), counts)
    if max(counts) == 1:
        with pytest.raises(InputError, match="single training series"):
            hold_out(classes, fraction)
        return
    held_out = hold_out(classes, fraction)
    assert held_out.any()
    assert set(classes[~held_out]) == set(classes)
    for label, count in enumerate(counts):
        wanted = min(fraction * count, count - 1)
        assert abs(held_out[classes == label].sum() - wanted) <= 0.5 + 1e-9 or held_out.sum() == 1


@pytest.mark.parametrize(("length", "input_size"), [(128, 8), (251, 1), (12, 3), (16, 4), (1, 1), (24, 4)])
def test_a_time_step_is_the_largest_divisor_not_above_the_root(make_task, tmp_path, length, input_size):
    write_ucr(tmp_path, "X", ucr_text(["0", "1"] * 3, length), ucr_text(["0"], length))
    task = make_task("ucr", dataset="X")
    assert (task.signature.input_size, task.signature.length) == (input_size, length // input_size)
    batch = next(task.batches("test", 1))
    assert batch.inputs.flatten().tolist() == list(range(length))


def test_a_time_step_may_be_chosen_if_it_divides_the_length(make_task, fabricated):
    assert make_task("ucr", fabricated, dataset="Small", input_size=6).signature.length == 2
    with pytest.raises(InputError, match=r"task.input_size=5 does not divide .* 12. Nearest that do: 4 and 6"):
        make_task("ucr", fabricated, dataset="Small", input_size=5)


def test_an_epoch_visits_every_series_once(make_task, fabricated):
    task = make_task("ucr", fabricated, dataset="Small")
    assert task.updates_per_epoch(10) == 3
    values = torch.cat([task.train_batch(step, 10, seed=4).inputs[0, :, 0] for step in range(3)])
    assert sorted(values.tolist()) == sorted(next(task.batches("train", 100)).inputs[0, :, 0].tolist())


@pytest.mark.parametrize("name", ["Smal", "small", "../ucr/Small", "Small/", ""])
def test_an_unknown_set_is_refused_with_the_nearest_name(make_task, fabricated, name):
    with pytest.raises(InputError, match=f"Unknown data set '{name}'") as caught:
        make_task("ucr", fabricated, dataset=name)
    assert not name or "Did you mean 'Small'?" in str(caught.value)


def test_a_set_of_the_archive_that_is_not_there_comes_with_its_command(make_task, tmp_path):
    with pytest.raises(DataError, match=r"ucr/GunPoint/GunPoint_TRAIN.ts is not there(.|\n)*data download GunPoint"):
        make_task("ucr", dataset="GunPoint")


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (
            ucr_text(["0", "1"] * 3, 2),
            "0\t1\t2\n5\t1\t2\n",
            r"X_TEST.tsv: line 2: class '5' is not in X_TRAIN.tsv, which",
        ),
        (ucr_text(["0", "1"] * 3, 2), "0\tNaN\t1\n", r"X_TEST.tsv: line 1, value 1: 'NaN'"),
    ],
)
def test_damaged_files_are_named_with_line_and_reason(make_task, tmp_path, train, test, message):
    write_ucr(tmp_path, "X", train, test)
    with pytest.raises(DataError, match=message):
        make_task("ucr", dataset="X")


@pytest.mark.parametrize("labels", [["1_1", "11"], ["1e2", "100"], ["20240101120000001", "20240101120000002"]])
def test_classes_whose_names_are_the_same_number_stay_two(make_task, tmp_path, labels):
    write_ucr(tmp_path, "X", ucr_text(labels * 3, 4), ucr_text(labels[::-1], 4))
    task = make_task("ucr", dataset="X")
    assert task.signature.output_size == 2
    assert sorted(next(task.batches("test", 2)).targets.tolist()) == [0, 1]


UNUSABLE = {
    "missing value": "@data\n1,?,3:1\n1,2,3:2\n",
    "time stamps": "@timeStamps true\n@data\n(0,1),(1,2):1\n",
    "without classes": "@classLabel false\n@data\n1,2\n",
}


@pytest.mark.parametrize(("reason", "text"), UNUSABLE.items())
def test_what_downloading_again_cannot_help_is_refused_without_that_advice(make_task, tmp_path, reason, text):
    for name in ("Mine", "GunPoint"):
        write_ucr(tmp_path, name, text, text, ending=".ts")
        with pytest.raises(DataError, match=reason) as caught:
            make_task("ucr", dataset=name)
        assert "data download" not in str(caught.value)
        assert "Expected series without missing values" in str(caught.value)


def test_a_file_of_a_known_set_that_was_changed_is_to_be_got_again(make_task, tmp_path):
    write_ucr(tmp_path, "CBF", "1\t1\t2\n2\t1\n", "1\t1\t2\n")
    with pytest.raises(DataError, match=r"line 2: 1 values, where others have 2(.|\n)*data download CBF"):
        make_task("ucr", dataset="CBF")


@pytest.mark.parametrize("part", ["TRAIN", "TEST"])
def test_a_set_of_ones_own_that_lacks_a_file_is_not_looked_for_in_the_archive(make_task, tmp_path, part):
    write_ucr(tmp_path, "Mine", ucr_text(["0", "1"] * 3, 4), ucr_text(["0"], 4))
    (tmp_path / f"ucr/Mine/Mine_{part}.tsv").unlink()
    with pytest.raises(DataError, match=f"Mine_{part}.ts is not there") as caught:
        make_task("ucr", dataset="Mine")
    assert "data download" not in str(caught.value)


def test_a_set_with_one_series_a_class_cannot_be_split(make_task, tmp_path):
    write_ucr(tmp_path, "X", ucr_text(["0", "1"], 4), ucr_text(["0"], 4))
    with pytest.raises(InputError, match="single training series"):
        make_task("ucr", dataset="X")


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1])
def test_a_validation_fraction_outside_0_to_1_is_refused(make_task, fabricated, fraction):
    with pytest.raises(InputError, match=r"task\.validation_fraction"):
        make_task("ucr", fabricated, dataset="Small", validation_fraction=fraction)


def test_ts_files_are_read_before_tables(make_task, tmp_path):
    write_ucr(tmp_path, "X", ucr_text(["0", "1"] * 3, 4), ucr_text(["0"], 4))
    rows = "".join(f"{i},0:{i % 2}\n" for i in range(6))
    write_ucr(tmp_path, "X", f"@data\n{rows}", "@data\n7,0:1\n", ending=".ts")
    task = make_task("ucr", dataset="X")
    assert task.signature.length * task.signature.input_size == 2
    assert set(task.digests) == {"ucr/X/X_TRAIN.ts", "ucr/X/X_TEST.ts"}


TRAIN = "@data\n" + "".join(
    f"{values}:{label}\n"
    for values, label in [("1,2,3:10,20,30", "a"), ("4:40", "b"), ("5,6:50,60", "a"), ("7,8,9:70,80,90", "b")] * 2
)
TEST = "@data\n1,2,3,4:9,8,7,6:a\n5:5:b\n"


def test_series_of_several_dimensions_and_unequal_lengths_have_a_time_step_a_value_and_end_where_they_end(
    make_task, tmp_path
):
    write_ucr(tmp_path, "X", TRAIN, TEST, ending=".ts")
    task = make_task("ucr", dataset="X")
    signature = task.signature
    assert (signature.input_size, signature.length, signature.every_step) == (2, 4, False)
    assert signature.unequal_lengths
    batch = next(task.batches("test", 2))
    assert batch.inputs[:, 0].tolist() == [[1, 9], [2, 8], [3, 7], [4, 6]]
    assert batch.inputs[:, 1].tolist() == [[5, 5], [0, 0], [0, 0], [0, 0]]
    assert batch.lengths.tolist() == [4, 1]
    train = next(task.batches("train", 100))
    ends = train.inputs[train.lengths - 1, torch.arange(train.size), 0]
    assert (ends > 0).all()
    assert ((train.inputs[:, :, 0] > 0).sum(0) == train.lengths).all()


def test_a_series_ends_with_the_time_step_that_holds_its_last_value(make_task, tmp_path):
    rows = [range(1, count + 1) for count in (12, 1, 3, 4, 10)]
    text = "@data\n" + "".join(f"{','.join(map(str, row))}:{label}\n" for label in "ab" for row in rows)
    write_ucr(tmp_path, "X", text, text, ending=".ts")
    task = make_task("ucr", dataset="X")
    assert (task.signature.input_size, task.signature.length) == (3, 4)  # of the longest, 12
    batch = next(task.batches("test", 5))
    assert batch.lengths.tolist() == [4, 1, 1, 2, 4]
    assert batch.inputs[:, 3].flatten().tolist() == [1, 2, 3, 4] + [0] * 8


def test_where_all_series_end_with_the_same_step_the_task_is_that_of_equal_lengths(make_task, tmp_path):
    rows = "".join(f"{values}:{label}\n" for label in "ab" for values in ("1,2,3,4", "5,6,7"))
    write_ucr(tmp_path, "X", f"@data\n{rows}", f"@data\n{rows}", ending=".ts")
    task = make_task("ucr", dataset="X")
    assert (task.signature.input_size, task.signature.length, task.signature.unequal_lengths) == (2, 2, False)
    batch = next(task.batches("test", 2))
    assert batch.lengths is None
    assert batch.inputs[:, 1].flatten().tolist() == [5, 6, 7, 0]


def test_files_of_different_numbers_of_dimensions_are_refused(make_task, tmp_path):
    write_ucr(tmp_path, "X", TRAIN, "@data\n1,2:a\n", ending=".ts")
    with pytest.raises(DataError, match=r"X_TEST\.ts: series of 1 dimensions, where X_TRAIN\.ts has 2"):
        make_task("ucr", dataset="X")
