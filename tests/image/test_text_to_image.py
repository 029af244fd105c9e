"""TextToImage on tiny local pipelines: made, trained, resumed, saved, opened by plain diffusers, refused."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import types
from pathlib import Path

import numpy as np
import pytest

from bmcore import device as devices
from bmcore.errors import Cancelled, DataError, ModelError, NotFittedError, ParameterError
from bmcore.image import memory, pipeline_files, pipeline_source
from bmcore.image.text_to_image import TextToImage

_spec = importlib.util.spec_from_file_location("tiny_pipeline", Path(__file__).with_name("tiny_pipeline.py"))
tiny_pipeline = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tiny_pipeline)
PICTURES = np.random.default_rng(0).integers(0, 256, (5, 20, 18, 3), dtype=np.uint8)
WORDS = ["a cat", "a dog", "a cat", "a dog", "a hat"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folder of a tiny pipeline, built on first use."""
    built = {}

    def folder(kind="sd", prediction="epsilon"):
        if (kind, prediction) not in built:
            built[kind, prediction] = tiny_pipeline.build(tmp_path_factory.mktemp("pipelines") / kind, kind, prediction)
        return built[kind, prediction]

    return folder


def painter(folder, **settings):
    return TextToImage(model=str(folder), **({"sampling_steps": 2, "steps": 4, "batch_size": 2, "rank": 2, "learning_rate": 0.02,
                                              "device": "cpu"} | settings))


@pytest.mark.parametrize("kind", ["sd", "xl", "sd3"])
def test_make_learn_save_load(kind, folders, tmp_path):
    made = painter(folders(kind))
    before = made.sample("a cat", 3, seed=5)
    assert before.shape == (3, 16, 16, 3) and before.dtype == np.uint8
    np.testing.assert_array_equal(made.sample("a cat", 2, seed=6), before[1:])  # a picture's noise is its own
    with pytest.raises(NotFittedError):
        made.save(tmp_path / "model")
    assert made.fit(PICTURES, WORDS) is made
    assert made.captions_ == ["a cat", "a dog", "a hat"] and made.image_shape_ == (16, 16, 3) and made.steps_ == 4
    assert all(math.isfinite(entry["loss"]) for entry in made.history_)
    after = made.sample("a cat", 3, seed=5)
    assert (after != before).any()
    folder = made.save(tmp_path / "model")
    assert {path.name for path in folder.iterdir()} == {"pytorch_lora_weights.safetensors", "learned.json", "estimator.json"}
    np.testing.assert_array_equal(TextToImage.load(folder).sample("a cat", 3, seed=5), after)


@pytest.mark.parametrize("kind", ["sd", "xl", "sd3"])
def test_plain_diffusers_opens_the_lora(kind, folders, tmp_path):
    pytest.importorskip("peft")
    import diffusers
    import torch

    made = painter(folders(kind)).fit(PICTURES, "a cat")
    folder = made.save(tmp_path / "model")
    absent = {"text_encoder_3": None, "tokenizer_3": None} if kind == "sd3" else {}
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folders(kind), **absent)
    asked = {"prompt": "a cat", "num_inference_steps": 2, "guidance_scale": 7.5, "height": 16, "width": 16, "output_type": "np"}
    plain = pipeline(**asked, generator=torch.Generator().manual_seed(3)).images
    pipeline.load_lora_weights(folder)
    theirs = np.rint(pipeline(**asked, generator=torch.Generator().manual_seed(3)).images * 255)
    ours = made.sample("a cat", seed=3)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert np.abs(ours - np.rint(plain * 255)).max() > 1


@pytest.mark.parametrize("prediction", ["v_prediction", "sample", "flow_prediction"])
def test_every_prediction_trains(prediction, folders):
    made = painter(folders("sd", prediction), steps=2).fit(PICTURES, "a cat")
    assert math.isfinite(made.history_[-1]["loss"])
    assert made.sample("a cat").std() > 0


def test_targets_lead_back_to_the_picture(folders):
    """Whatever is predicted, it and the noisy picture give the clean one back."""
    import torch

    from bmcore.image.lora_task import Target

    clean, noise = torch.randn(3, 4, 8, 8), torch.randn(3, 4, 8, 8)
    for prediction in ("epsilon", "v_prediction", "sample", "flow_prediction"):
        target = Target(tiny_pipeline.scheduler(prediction))
        times = target.times(3, torch.Generator().manual_seed(0))
        noisy, told = target.pair(clean, noise, times)
        if prediction == "flow_prediction":
            found = noisy - (times / 1000).view(-1, 1, 1, 1) * told
        else:
            level = target.levels[times].view(-1, 1, 1, 1)
            found = {"epsilon": (noisy - (1 - level).sqrt() * told) / level.sqrt(), "sample": told,
                     "v_prediction": level.sqrt() * noisy - (1 - level).sqrt() * told}[prediction]
        torch.testing.assert_close(found, clean, atol=2e-3, rtol=1e-3)


def test_training_lowers_the_loss(folders):
    made = painter(folders(), steps=60, rank=8, learning_rate=0.01).fit(PICTURES[:1], "a cat")
    losses = [entry["loss"] for entry in made.history_]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_resume_equals_uninterrupted(folders, tmp_path, monkeypatch):
    monkeypatch.setenv("BMCORE_CHECKPOINT_SECONDS", "0")
    whole = painter(folders()).fit(PICTURES, WORDS)

    def stop(step, total, **metrics):
        if metrics.get("phase") == "train" and step == 2:
            raise Cancelled("stop")

    resumed = painter(folders())
    with pytest.raises(Cancelled):
        resumed.fit(PICTURES, WORDS, report=stop, checkpoints=tmp_path / "checkpoints")
    seen = []
    resumed.fit(PICTURES, WORDS, report=lambda step, total, **metrics: seen.append((metrics.get("phase"), step)),
                checkpoints=tmp_path / "checkpoints")
    assert ("train", 1) not in seen and ("train", 3) in seen
    assert resumed._lora == whole._lora
    np.testing.assert_array_equal(resumed.sample("a dog", seed=1), whole.sample("a dog", seed=1))


def test_smaller_parts_give_the_same_update(folders):
    import torch

    from bmcore.image import engine_text
    from bmcore.image.lora import LoRA
    from bmcore.image.lora_task import LoRATask
    from bmcore.training.progress import silent

    made = painter(folders(), batch_size=4)
    opened, found = made._opened(learning=True), []
    pixels = engine_text.inputs.fitted(PICTURES, (16, 16, 3))
    for parts in (1, 2):
        torch.manual_seed(0)
        lora = LoRA.beside(opened.denoiser, 2).attach(opened.denoiser)
        task = LoRATask(opened, lora, made.get_params(), pixels, WORDS, silent, "")
        assert parts == 1 or task.halve()
        task.step(0, 0.0)
        lora.detach()
        found.append(torch.cat([value.detach().flatten() for value in lora.up]))
    torch.testing.assert_close(found[0], found[1], atol=2e-4, rtol=1e-2)


@pytest.mark.parametrize(("images", "captions"), [(PICTURES, None), (PICTURES, ["a"]), (PICTURES, " "), (PICTURES[:0], "a"),
                                                  (PICTURES.astype(float), "a")])
def test_bad_data(images, captions, folders):
    with pytest.raises((DataError, ParameterError)):
        painter(folders()).fit(images, captions)


def test_labels_are_captions(folders):
    pictures = types.SimpleNamespace(images=PICTURES, labels=np.array([3, 1, 3, 1, 2]))
    assert painter(folders(), steps=1).fit(pictures).captions_ == ["1", "2", "3"]


def test_a_size_the_model_cannot_make(folders):
    with pytest.raises(ParameterError, match="multiples of 2"):
        painter(folders(), image_size=17).open()


# hostile folders

def edited(folder, tmp_path, file, change):
    copy = tmp_path / "pipeline"
    shutil.copytree(folder, copy)
    content = json.loads((copy / file).read_text())
    change(content)
    (copy / file).write_text(json.dumps(content))
    return copy


@pytest.mark.parametrize(("file", "change"), [
    ("model_index.json", {"_class_name": ["evil", "Evil"]}),
    ("model_index.json", {"custom_pipeline": "evil"}),
    ("model_index.json", {"unet": ["evil", "UNet2DConditionModel"]}),
    ("model_index.json", {"unet": ["diffusers", "DiffusionPipeline"]}),
    ("model_index.json", {"scheduler": ["os", "EvilScheduler"]}),
    ("model_index.json", {"extra": ["subprocess", "Popen"]}),
    ("unet/config.json", {"auto_map": {"AutoModel": "evil.Evil"}}),
    ("tokenizer/tokenizer_config.json", {"auto_map": {"AutoTokenizer": "evil.Evil"}}),
])
def test_code_is_refused(file, change, folders, tmp_path):
    with pytest.raises(ModelError, match="program code"):
        painter(edited(folders(), tmp_path, file, lambda content: content.update(change))).open()


def test_python_files_are_refused(folders, tmp_path):
    copy = tmp_path / "pipeline"
    shutil.copytree(folders(), copy)
    (copy / "unet" / "evil.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    with pytest.raises(ModelError, match="program code"):
        painter(copy).open()
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 64])
def test_damaged_weights(content, folders, tmp_path):
    copy = tmp_path / "pipeline"
    shutil.copytree(folders(), copy)
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    if content is not None:
        weights.write_bytes(content)
    with pytest.raises(ModelError, match=r"Only safetensors|damaged"):
        painter(copy).open()


def test_another_kind_of_pipeline(folders, tmp_path):
    copy = edited(folders(), tmp_path, "model_index.json", lambda content: content.update(_class_name="FluxPipeline"))
    with pytest.raises(ModelError, match="StableDiffusionPipeline"):
        painter(copy).open()


def test_shards_outside_the_folder(folders, tmp_path):
    copy = tmp_path / "pipeline"
    shutil.copytree(folders(), copy)
    (copy / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../../x.safetensors"}}))
    with pytest.raises(ModelError, match="damaged"):
        painter(copy).open()


def test_a_lora_of_another_model(folders, tmp_path):
    folder = painter(folders(), steps=1).fit(PICTURES, "a").save(tmp_path / "model")
    learned = json.loads((folder / "learned.json").read_text())
    learned["base"]["model"] = str(folders("xl"))
    (folder / "learned.json").write_text(json.dumps(learned))
    with pytest.raises(ModelError, match="another one"):
        TextToImage.load(folder).sample("a")
    (folder / "pytorch_lora_weights.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match="damaged"):
        TextToImage.load(folder)


# the hub and memory

@pytest.mark.parametrize("name", ["/no/such", "./none", "a/b/c", "white space"])
def test_neither_folder_nor_id(name):
    with pytest.raises(ModelError):
        TextToImage(model=name, device="cpu").open()


def test_the_cable_is_unplugged():
    with pytest.raises(ModelError, match="is not on this machine and the hub cannot be reached"):
        TextToImage(device="cpu").sample("a cat")


class FakeHub(pipeline_source.Folder):
    """The hub's listing and headers, of a folder; a download is counted."""

    fetched = 0

    def fetch(self, paths):
        FakeHub.fetched += 1
        return self.folder


def test_memory_is_told_before_a_download(folders, monkeypatch):
    monkeypatch.setattr(pipeline_files, "source_of", lambda model, revision: FakeHub(folders(), model))
    monkeypatch.setattr(devices, "free_memory", lambda: 2**20 // 8)
    with pytest.raises(ModelError, match=r"GB of main memory to make pictures of 16 pixels.*Choose a smaller model"):
        TextToImage(model="owner/name", device="cpu").sample("a cat")
    with pytest.raises(ModelError, match="to learn 4 pictures of 16 pixels"):
        TextToImage(model="owner/name", device="cpu", batch_size=4).fit(PICTURES, "a cat")
    assert FakeHub.fetched == 0


def test_advice_names_what_fits(monkeypatch):
    shape = memory.Shape(weights=10**9, lora=10**5, channels=320, decoded=128, factor=8, native=512)
    found = types.SimpleNamespace(source=types.SimpleNamespace(name="owner/name", files={}), download_bytes=lambda: 0)

    def said(free, **asked):
        monkeypatch.setattr(devices, "free_memory", lambda: free)
        with pytest.raises(ModelError) as caught:
            memory.check(found, shape, width=4, device="cpu", **asked)
        return str(caught.value)

    def need(**asked):
        return memory.needed(shape, width=4, **asked)

    assert "batch_size to 1." in said(need(size=512, batch=1, rank=8), size=512, batch=8, rank=8)
    assert "image_size to 256" in said(need(size=256, batch=1, rank=8), size=512, batch=1, rank=8)
    assert "larger machine" in said(need(size=256, batch=1, rank=None), size=256, batch=1, rank=8)
    assert "at least 5.6" in said(10**6, size=512, batch=1, rank=None)


def test_the_files_that_are_fetched(folders):
    class Listing(pipeline_source.Folder):
        def __init__(self):
            super().__init__(folders(), "owner/name")
            self.files |= {"v1-5-pruned.safetensors": 1, "unet/diffusion_pytorch_model.bin": 1, "README.md": 1, "evil.pkl": 1}
            self.files |= {path.replace("model.safetensors", "model.fp16.safetensors"): 1 for path in self.files
                           if path.endswith("model.safetensors")}

    source = Listing()
    for half in (True, False):
        variant = pipeline_files._choose(source, ("unet", "vae", "text_encoder", "tokenizer", "scheduler"), half)
        assert variant == ("fp16" if half else None)
        paths = pipeline_files._needed(source, ("unet", "vae", "text_encoder", "tokenizer", "scheduler"), variant)
        assert all(path.endswith((".json", ".txt", ".safetensors")) and "/" in path for path in paths)
        assert sum(path.endswith(".safetensors") for path in paths) == 3
        assert all(("fp16" in path) == half for path in paths if path.endswith(".safetensors"))
