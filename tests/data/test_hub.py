"""Hub data sets: plain files, one commit, a sentence while offline. Only huggingface_hub itself is replaced."""

from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import constants

from bmcore.data import hub, refs
from bmcore.errors import AssetError, DataError, StorageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A hub with one data set; give it its files."""

    def make(files):
        asked = []

        class Api:
            def dataset_info(self, name, revision=None, files_metadata=False):
                asked.append((name, revision))
                siblings = [
                    SimpleNamespace(rfilename=path, size=content if isinstance(content, int) else len(content))
                    for path, content in files.items()
                ]
                return SimpleNamespace(sha=COMMIT, siblings=siblings)

        def download(name, file, repo_type, revision):
            assert (repo_type, revision) == ("dataset", COMMIT)
            asked.append(file)
            path = tmp_path / "hub" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[file])
            return str(path)

        monkeypatch.setattr(huggingface_hub, "HfApi", Api)
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
        return asked

    return make


CSV = b"text,label\nhello,a\nbye,b\n"


def test_offline_is_a_sentence(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(AssetError, match="HF_HUB_OFFLINE keeps this computer off it"):
        refs.hub("owner/name")


def test_commit_is_recorded_and_used(fake):
    asked = fake({"train.csv": CSV, "test.csv": CSV, "README.md": b"x", "name.py": b"raise SystemExit"})
    ref = refs.hub("owner/name")
    assert ref == {"kind": "hub", "id": "owner/name", "revision": COMMIT, "config": None, "split": "train"}
    assert refs.load(ref).text.to_list() == ["hello", "bye"]
    assert asked == [("owner/name", None), ("owner/name", COMMIT), "train.csv"]
    assert "owner/name" in str(refs.title(ref))


def test_shards_are_joined(fake):
    fake({"data/train-00000-of-00002.csv": CSV, "data/train-00001-of-00002.csv": CSV, "data/test-00000-of-00001.csv": CSV})
    assert len(refs.load(refs.hub("owner/name"))) == 4


def test_single_file_without_split_in_its_name(fake):
    fake({"reviews.csv": CSV})
    assert len(refs.load(refs.hub("name"))) == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("No space left on device (os error 28)")])
def test_a_full_disk_is_not_an_unreachable_hub(fake, monkeypatch, error):
    fake({"train.csv": CSV})

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    with pytest.raises(StorageError, match="No space left"):
        refs.load(refs.hub("owner/name"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"name.py": b"x"}, "script"),
        ({"weights.pkl": b"x"}, "no plain table"),
        ({"test.csv": CSV}, "no table for split 'train'"),
        ({"train.csv": 10**9}, "at most 50 MB"),
        ({"en/train.csv": CSV, "fr/train.csv": CSV}, "several configurations: en, fr"),
    ],
)
def test_refused(fake, files, words):
    fake(files)
    with pytest.raises(DataError, match=words):
        refs.hub("owner/name")


def test_configuration(fake):
    fake({"en/train.csv": CSV, "fr/train.csv": CSV + b"salut,a\n"})
    assert len(refs.load(refs.hub("owner/name", config="fr"))) == 3


@pytest.mark.parametrize("name", ["../x", "a/b/c", "a b", "", "a/..", "/x", "x" * 300, "a\nb", None, 3, "a/b#c"])
def test_ids(name):
    with pytest.raises(DataError, match="cannot be a data set"):
        refs.hub(name)


@pytest.mark.parametrize("field", ["revision", "config", "split"])
def test_fields(field):
    with pytest.raises(DataError, match=field):
        refs.hub("a/b", **{field: "../../x"})


def test_cached_commit_is_read_offline(monkeypatch, tmp_path):
    folder = tmp_path / "datasets--owner--name" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    (folder / "train.csv").write_bytes(CSV)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda name, file, repo_type, revision: str(folder / file))
    ref = {"kind": "hub", "id": "owner/name", "revision": COMMIT, "config": None, "split": "train"}
    assert len(hub.load(ref)) == 2
