"""The forecast grows with the work and shrinks with the speed."""

from __future__ import annotations

from bmcore import TextClassifier


def total(**changes):
    return sum(TextClassifier.forecast(**({"n_train": 4000, "n_test": 1000, "mean_tokens": 77, "gflops": 170} | changes)).values())


def test_it_orders_things_right():
    assert total() > 10
    assert total(n_train=8000) > total()
    assert total(gflops=85) > total()
    assert total(trainable_layers="all") > total(trainable_layers=2) > total(trainable_layers=0)
    assert total(epochs=6) > total(epochs=3)


def test_phases():
    phases = TextClassifier.forecast(4000, 1000, 77, 170, trainable_layers=0)
    assert set(phases) == {"start", "encode", "train", "evaluate"}
    assert all(seconds >= 0 for seconds in phases.values())


def test_auto_means_the_same_as_in_training():
    from bmcore.text import forecast, train

    for name in ("AUTO_EXAMPLES", "AUTO_PER_CLASS", "AUTO_LAYERS"):
        assert getattr(forecast, name) == getattr(train, name)


def test_the_start_is_no_part_of_the_time_left():
    import pandas as pd

    from bmcore import TextClassifier
    from bmcore.runs.work_text import forecast

    assert list(forecast(TextClassifier(), pd.Series(["a message"] * 9), 2, 3)) == ["encode", "train", "evaluate"]
