"""Opening models: safetensors only, no code, a sentence for everything that cannot be."""

from __future__ import annotations

import json
import shutil
import struct
import time

import numpy as np
import pytest

from bmcore.errors import ModelError, StorageError
from bmcore.text import models


def safetensors(header: dict | bytes, body: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def entry(start, stop, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


BAD = {
    "empty": b"",
    "huge header": safetensors(b"{}", length=2**62),
    "header past the end": safetensors(b"{}", length=1000),
    "not json": safetensors(b"hello world"),
    "a list": safetensors(b"[1]"),
    "deep": safetensors(b"[" * 200_000),
    "overlap": safetensors({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, b"0" * 12),
    "gap": safetensors({"a": entry(0, 4, [1]), "b": entry(8, 12, [1])}, b"0" * 12),
    "cut": safetensors({"a": entry(0, 8, [2])}, b"0" * 4),
    "longer": safetensors({"a": entry(0, 8, [2])}, b"0" * 12),
    "shape": safetensors({"a": entry(0, 8, [3])}, b"0" * 8),
    "negative": safetensors({"a": entry(0, 8, [-2, -1])}, b"0" * 8),
    "twice": safetensors(('{"a": %s, "a": %s}' % ((json.dumps(entry(0, 4, [1])),) * 2)).encode(), b"0" * 4),
    "type": safetensors({"a": entry(0, 8, [2], "X9")}, b"0" * 8),
    "texts as numbers": safetensors({"a": {"dtype": "F32", "shape": "xx", "data_offsets": ["0", "8"]}}, b"0" * 8),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_weights_within_a_second(name, tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "model.safetensors").write_bytes(BAD[name])
    start = time.process_time()
    with pytest.raises(ModelError, match="damaged"):
        models.locate(str(folder))
    assert time.process_time() - start < 1


def test_pickles_only(tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"Only safetensors.*run code"):
        models.locate(str(folder))


def test_code_of_its_own(tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "evil.Model"}}))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    with pytest.raises(ModelError, match="program code"):
        models.locate(str(folder))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_damaged_config(content, tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config\.json"):
        models.locate(str(folder))


@pytest.mark.parametrize("name", ["/no/such/folder", "./none", "a/b/c", "white space", "../x"])
def test_neither_folder_nor_id(name):
    with pytest.raises(ModelError):
        models.locate(name)


def test_hub_id_while_offline():
    start = time.monotonic()
    with pytest.raises(ModelError, match="hub cannot be reached"):
        models.locate("google-bert/bert-base-chinese")
    assert time.monotonic() - start < 60


def test_a_full_disk_is_not_an_unreachable_hub(monkeypatch):
    import huggingface_hub

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(StorageError, match="No space left"):
        models.locate("owner/name")


def rewrite(folder, change):
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("harm", ["nan", "shape", "missing"])
def test_wrong_content(harm, tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)

    def change(tensors):
        key = next(name for name in tensors if "layer.0.attention.self.query.weight" in name)
        if harm == "nan":
            tensors[key] = np.full_like(tensors[key], np.nan)
        elif harm == "shape":
            tensors[key] = np.zeros((8, 8), np.float32)
        else:
            del tensors[key]

    rewrite(folder, change)
    with pytest.raises(ModelError):
        models.open_model(models.locate(str(folder)), ["a", "b"])


def test_not_a_classifier(tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "vit", "architectures": ["ViTModel"]}))
    with pytest.raises(ModelError, match="cannot be opened"):
        models.open_model(models.locate(str(folder)), ["a", "b"])


def test_minilm_opens_quietly(capfd):
    model, tokenizer = models.open_model(models.locate("minilm"), ["a", "b", "c"])
    assert model.config.num_labels == 3
    assert models.longest(model, tokenizer) == 512
    assert not model.training
    assert capfd.readouterr().err == ""
