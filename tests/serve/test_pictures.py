"""A model that makes pictures, behind the service: what is asked over HTTP, what is refused, and what its documents say."""

import base64
import io
import json
import struct
import sys
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from bmcore.errors import DataError, ServiceError
from bmcore.serve import client, endpoints, picture_asked, sheets
from bmcore.serve.picture_model import TRAINING, PictureModel
from tests.serve.wire import talk

NAME = "pictures-under-test"
CODE = (
    "import sys; from pathlib import Path\nfrom bmcore.serve import server\nfrom bmcore.serve.picture_model import PictureModel\n"
    "sys.exit(server.run(PictureModel, Path(sys.argv[1]), sys.argv[2]))"
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The model's folder, with the training pictures beside it."""
    from bmcore.evaluate.encoder import encode
    from bmcore.image import Diffusion

    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    labels = np.arange(40) % 2
    folder = tmp_path_factory.mktemp("run")
    Diffusion(steps=3).fit(images, labels).save(folder / "model")
    names = np.array([f"{number}.png" for number in range(40)])
    np.savez(folder / TRAINING, images=images, names=names, labels=labels.astype(str), features=encode(images).astype(np.float16))
    return folder / "model"


@pytest.fixture
def served(monkeypatch, home, saved):
    monkeypatch.setattr(client, "command", lambda name: [sys.executable, "-c", CODE, str(saved), name])
    yield client.service(NAME)
    client.stop(NAME, wait_s=10)


def png(pixels):
    return base64.b64encode(sheets.png(np.asarray(pixels, np.uint8))).decode()


def opened(text):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def bomb():
    """A png that says it has 30,000 x 30,000 pixels."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")).decode()


def test_over_http(served, saved):
    """One process answers everything."""
    model = PictureModel.load(saved)
    found = served.ask("sample", {"n": 5, "seed": 2, "nearest": True})
    assert (found["width"], found["height"]) == (8, 8) and found["labels"] == [str(one) for one in model.labels_of(5, None, 2)]
    assert (np.stack([opened(one) for one in found["pictures"]]) == model.sample(5, seed=2)[..., 0]).all()
    assert {"name", "label", "distance", "picture"} == set(found["nearest"][0]) and len(found["nearest"]) == 5
    assert served.ask("sample", {"n": 2, "label": ["1", 0]})["labels"] == ["1", "0"]
    assert Image.open(io.BytesIO(served.sheet("sample", {"n": 12}))).size == (596, 116)
    grey = np.arange(64).reshape(8, 8) * 3
    half = np.zeros((8, 8), np.uint8)
    half[:, 4:] = 255
    filled = opened(served.ask("inpaint", {"picture": png(grey), "mask": png(half), "label": 1})["pictures"][0])
    assert np.abs(filled[:, :4].astype(int) - grey[:, :4]).max() <= 2
    assert len(served.ask("edit", {"picture": png(np.dstack([grey] * 3)), "strength": 0.3})["pictures"]) == 1
    trace = served.ask("trace", {"n": 2, "steps": 3})
    assert trace["frames"] == 4 and len(trace["pictures"]) == 8
    port = int(served.url.rsplit(":", 1)[1])
    document = talk(port, "GET", "/openapi.json")[2]["paths"]
    assert set(document) == {"/health", "/sample", "/interpolate", "/edit", "/inpaint", "/trace", "/forward"}
    for path, method in document.items():
        if path != "/health":
            body = method["post"]["requestBody"]["content"]["application/json"]["example"]
            assert talk(port, "POST", path, json.dumps(body).encode())[0] == 200
            assert "image/png" in method["post"]["responses"]["200"]["content"]
    _refused(port, png(grey))
    slow = threading.Thread(target=served.ask, args=("sample", {"n": 256, "steps": 100}))
    slow.start()
    assert talk(port, "GET", "/health")[0] == 200
    slow.join()


def _refused(port, fine):
    svg = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
    for path, body, status, words in (
        ("/sample", [], 422, "JSON object"), ("/sample", {"label": "cat"}, 422, "'cat'"), ("/sample", {"n": 257}, 422, "from 1 to 256"),
        ("/edit", {}, 422, "field picture"), ("/edit", {"picture": "§"}, 422, "not base64"), ("/edit", {"picture": bomb()}, 422, "pixels"),
        ("/edit", {"picture": svg}, 422, "no picture"), ("/edit", {"picture": "data:image/png;base64,aaaa"}, 422, "not base64"),
        ("/edit", {"picture": fine[:40]}, 422, "picture"), ("/edit", {"picture": "a" * 8_000_000}, 413, "8,000,000"),
        ("/sample", {"label": "a" * 1_000_000}, 413, "1,000,000"), ("/inpaint", {"picture": fine, "mask": "aaaa"}, 422, "mask"),
        ("/score", {}, 404, "/docs"),
    ):
        found, _, answer = talk(port, "POST", path, json.dumps(body).encode())
        assert found == status and words in answer["error"], (path, answer)


@pytest.mark.parametrize(("check", "body", "words"), [
    ("sample", {"n": True}, "field n"), ("sample", {"n": 2.0}, "field n"), ("sample", {"people": 1}, "no field"),
    ("sample", {"seed": -1}, "field seed"), ("sample", {"seed": 2**31}, "field seed"), ("sample", {"steps": 1001}, "field steps"),
    ("sample", {"guidance": float("nan")}, "guidance"), ("sample", {"label": ["a"], "n": 2}, "1 labels for 2"),
    ("sample", {"label": {}}, "label cannot"), ("sample", {"nearest": 1}, "true or false"),
    ("sample", {"label": "a" * 201}, "label cannot"),
    ("sample", {"n": 256, "steps": 101}, "more than"), ("interpolate", {"seeds": [1]}, "seeds"), ("interpolate", {"n": 1}, "field n"),
    ("edit", {"picture": 3}, "base64"), ("edit", {"picture": "a", "strength": 2}, "strength"), ("inpaint", {"picture": "a"}, "field mask"),
    ("trace", {"n": 256}, "frames"), ("trace", {"steps": 65}, "field steps"), ("forward", {"picture": "a", "times": [2]}, "times"),
    ("score", {"pictures": []}, "1 to 64"), ("score", {"pictures": [None]}, "base64"),
])
def test_what_cannot_be_asked(check, body, words):
    with pytest.raises(DataError, match=words):
        getattr(picture_asked, f"{check}_of")(body)


def test_what_a_model_is_asked_depends_on_what_it_is(saved, tmp_path):
    assert set(endpoints.of(PictureModel)) >= {"sample", "edit", "score"}
    found = endpoints.of(PictureModel, saved)
    assert "score" not in found and found["sample"].example["label"] == "0"
    for text in ("[]", "{", '{"estimator": 3}', '{"estimator": "Nobody"}'):
        (tmp_path / "estimator.json").write_text(text)
        assert "sample" in endpoints.of(PictureModel, tmp_path)


def test_without_and_with_damaged_training_pictures(saved, tmp_path):
    model = PictureModel.load(saved).save(tmp_path / "model")
    assert PictureModel.load(model).nearest(np.zeros((1, 8, 8, 1), np.uint8)) is None
    (tmp_path / TRAINING).write_bytes(b"PK no")
    with pytest.raises(ValueError, match="damaged"):
        PictureModel.load(model).nearest(np.zeros((1, 8, 8, 1), np.uint8))


def test_nobody_to_ask(served):
    with pytest.raises(ServiceError, match="256"):
        served.sheet("sample", {"n": 1000})
