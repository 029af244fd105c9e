"""The frozen-encoder head: logistic regression written into the model's own last linear layer.

Features are standardised for the fit and the standardisation is folded into weight and bias afterwards, so the saved model
is a plain transformers classifier.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch

STRENGTH = 0.01  # inverse of the ridge penalty on standardised features: best of .001 to 10 at 500 to 4,000 texts
STRENGTH_FEW = 0.003  # and at 8 to 32 examples a class
POWER = {None: 0.0, "auto": 0.5, "balanced": 1.0}  # of a class's inverse frequency


def class_weights(classes: np.ndarray, k: int, kind: str | None) -> np.ndarray:
    """(k,) float32 weight of each class, with mean 1 over the examples."""
    counts = np.maximum(np.bincount(classes, minlength=k), 1).astype(np.float64)
    weights = counts ** -POWER[kind]
    return (weights * len(classes) / (weights * counts).sum()).astype(np.float32)


def fit_head(
    features: np.ndarray, classes: np.ndarray, k: int, *, weighting: str | None, with_bias: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Weight (k, d) and bias (k,) of a logistic regression on standardised features, for features as they are.

    Every class must be among `classes`.
    """
    from sklearn.linear_model import LogisticRegression

    mean = features.mean(0, dtype=np.float64) if with_bias else np.zeros(features.shape[1])
    scale = np.maximum(np.sqrt(((features - mean) ** 2).mean(0, dtype=np.float64)), 1e-6)
    strength = STRENGTH if len(classes) > 32 * k else STRENGTH_FEW
    model = LogisticRegression(C=strength, max_iter=200, fit_intercept=with_bias)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # stopping after 200 rounds is what we want on large data
        model.fit((features - mean) / scale, classes, sample_weight=class_weights(classes, k, weighting)[classes])
    weight, bias = model.coef_ / scale, np.zeros(k) + model.intercept_
    if k == 2:  # one row there, two scores here
        weight, bias = np.vstack([-weight / 2, weight / 2]), np.array([-bias[1] / 2, bias[1] / 2])
    return weight.astype(np.float32), (bias - weight @ mean).astype(np.float32)


def put_head(layer: torch.nn.Linear, weight: np.ndarray, bias: np.ndarray) -> None:
    """Write them into the model's last linear layer."""
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        if layer.bias is not None:
            layer.bias.copy_(torch.from_numpy(bias))
