"""A parameter is declared once: the same declaration checks, parses and documents."""

from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore import params
from bmcore.base import Estimator
from bmcore.errors import NotFittedError, ParameterError
from bmcore.params import Choice, Doc, Label, Range, Switch, Text


class Toy(Estimator):
    """A toy.

    {parameters}
    """

    def __init__(
        self,
        *,
        layers: Annotated[int | str, Choice("all"), Range(0, 48), Label("Layers"), Doc("How many layers learn.")] = "all",
        rate: Annotated[float, Range(0.0, 1.0), Label("Rate"), Doc("Step size.")] = 0.1,
        weight: Annotated[str | None, Choice(None, "balanced"), Label("Weight"), Doc("Class weights.")] = None,
        early: Annotated[bool, Switch(), Label("Early"), Doc("Stop early.")] = True,
        model: Annotated[str, Text(20), Label("Model"), Doc("Which model.")] = "minilm",
    ):
        self.layers, self.rate, self.weight, self.early, self.model = layers, rate, weight, early, model


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("layers", ["all", 0, 48, np.int64(3)], ["none", -1, 49, 1.5, 3.0, np.float64(3), True, None]),
        ("rate", [0.0, 1, 0.5], [1.1, float("nan"), float("inf"), "0.5", False]),
        ("weight", [None, "balanced"], ["auto", 0]),
        ("early", [True, False], [1, 0, "true", None]),
        ("model", ["a"], ["", "x" * 21, 3]),
    ],
)
def test_what_is_taken_and_what_is_refused(name, good, bad):
    for value in good:
        params.check(Toy, {name: value})
    for value in bad:
        with pytest.raises(ParameterError) as caught:
            params.check(Toy, {name: value})
        assert name in str(caught.value)
        assert "default" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("layers", "3", 3), ("layers", "all", "all"), ("rate", "1e-3", 1e-3), ("weight", "none", None), ("early", "no", False)],
)
def test_parse(name, text, value):
    assert params.declared(Toy)[name].parse(text) == value


@given(st.text(max_size=40))
def test_any_text_parses_to_an_allowed_value_or_is_refused(text):
    for entry in params.declared(Toy).values():
        try:
            value = entry.parse(text)
        except ParameterError:
            continue
        assert entry.takes(value)


def test_the_docstring_is_filled_from_the_declaration():
    assert "layers : one of all, or a whole number from 0 to 48, default 'all'" in Toy.__doc__
    assert "How many layers learn." in Toy.__doc__


def test_scikit_learns_contract():
    toy = Toy(layers=2)
    assert toy.get_params() == {"layers": 2, "rate": 0.1, "weight": None, "early": True, "model": "minilm"}
    assert toy.set_params(rate=0.2) is toy
    assert toy.rate == 0.2
    assert repr(toy) == "Toy(layers=2, rate=0.2)"
    with pytest.raises(ParameterError, match="no setting 'speed'"):
        toy.set_params(speed=1)
    with pytest.raises(NotFittedError):
        toy.check_fitted()
    Toy(rate=99)  # __init__ checks nothing
    with pytest.raises(ParameterError):
        Toy(rate=99).check_params()
