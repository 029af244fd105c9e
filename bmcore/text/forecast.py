"""How long a TextClassifier will take, from arithmetic alone: no torch, so a page can ask."""

from __future__ import annotations

START = 8.0  # seconds: starting the process, importing torch and transformers, reading the data
BASELINE = 5.0  # seconds: TF-IDF, bootstrap, saving
FORWARD, TRAINED = 0.62, 0.48  # share of the matrix-product speed that a pass reaches, without and with gradients (measured)
LAST = 1 / 6  # share of the last layer that a score needs: the rest of it is computed for the first token alone
AUTO_EXAMPLES, AUTO_PER_CLASS, AUTO_LAYERS = 500, 32, 2  # as in bmcore.text.train, which a test compares


def forecast(
    n_train: int, n_test: int, mean_tokens: float, gflops: float, *, classes: int = 2, epochs: int = 2,
    trainable_layers: int | str = "auto", layers: int = 6, width: int = 384, **_: object,
) -> dict[str, float]:
    """Seconds per phase: "start", "encode", "train", "evaluate".

    Parameters
    ----------
    n_train, n_test : int
        Texts.
    mean_tokens : float
        Tokens of a text on average (English: about 1.3 a word).
    gflops : float
        fp32 matrix-product speed, as `bmcore.device.gflops()` measures it.
    layers, width : int
        Size of the model; the defaults are minilm's.
    """
    layer = 2 * 12 * width * width  # FLOP of one layer on one token, forward
    if trainable_layers == "auto":
        trainable_layers = 0 if n_train < AUTO_EXAMPLES or n_train / classes <= AUTO_PER_CLASS else AUTO_LAYERS
    trained = layers if trainable_layers == "all" else min(int(trainable_layers), layers)
    per_token, speed = layer * (layers - 1 + LAST), gflops * 1e9
    updated = 3 * layer * max(trained - 1 + LAST, 0) * epochs
    return {
        "start": START,
        "encode": n_train * mean_tokens * per_token / (speed * FORWARD),
        "train": n_train * mean_tokens * updated / (speed * TRAINED),
        "evaluate": n_test * mean_tokens * per_token / (speed * FORWARD) + BASELINE,
    }
