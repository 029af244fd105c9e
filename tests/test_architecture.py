"""The house rules that a machine can read off the source: who may import whom, what is never imported, what is never written."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE = sorted([*ROOT.glob("bmcore/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"])
HEAVY = {"torch", "transformers", "sklearn", "scipy", "numba", "llvmlite", "accelerate", "diffusers", "peft", "huggingface_hub",
         "tokenizers"}

# A module imports only from its own floor or below. Families (text, ...) share a floor and never import each other.
FLOORS = [
    {"messages", "errors", "files", "home", "i18n", "params"},
    {"base", "device", "assets", "compute"},
    {"data", "training"},
    {"text", "cluster", "recommend", "image"},
    {"evaluate", "runs", "serve"},
    {"cli", "commands", "__main__", "ui"},
]
FLOOR = {part: height for height, floor in enumerate(FLOORS) for part in floor}
# modules the web server loads, and so may not import anything heavy at their top
LIGHT_EXCEPT = re.compile(
    r"bmcore/(text/(?!classifier|generator|answers|gpt_memory|__init__)|cluster/(kernels_|engine_torch_|torch_(?!pick))|compute/compiled|recommend/(kernels_|engine_)|"
    r"image/(?!__init__|contract|inputs|gan\.|diffusion\.|text_to_image|memory)|training/|evaluate/|serve/server|runs/work)"
)


def imports(path, *, top_only):
    """(module, is_top_level) for every import statement of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "bmcore":
                yield from (f"bmcore.{alias.name}" for alias in node.names)
            else:
                yield node.module


def part_of(module):
    names = module.split(".")
    return names[1] if names[0] == "bmcore" and len(names) > 1 and names[1] in FLOOR else None


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path):
    relative = path.relative_to(ROOT)
    own = relative.parts[1].removesuffix(".py") if relative.parts[0] == "bmcore" else None
    for module in imports(path, top_only=False):
        part = part_of(module)
        if own == "__init__" or part is None:
            continue
        if own is None:  # app.py and pages
            assert part in {"ui", "runs", "data", "errors", "i18n", "serve", "home", "messages"}, f"{relative} imports {module}"
        elif part != own:
            assert FLOOR[part] <= FLOOR[own], f"{relative} imports {module}, which is on a higher floor"
            assert own not in FLOORS[3] or part not in FLOORS[3], f"families do not import each other: {relative} imports {module}"


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_heavy_at_the_top_of_what_the_server_loads(path):
    relative = str(path.relative_to(ROOT))
    if LIGHT_EXCEPT.match(relative):
        return
    heavy = {module.split(".")[0] for module in imports(path, top_only=True)} & HEAVY
    assert not heavy, f"{relative} imports {heavy} at its top"


def test_only_ui_and_pages_import_streamlit():
    for path in CODE:
        relative = path.relative_to(ROOT)
        if relative.parts[:2] == ("bmcore", "ui") or relative.parts[0] in ("pages", "app.py"):
            continue
        assert not any(module.split(".")[0] == "streamlit" for module in imports(path, top_only=False)), relative


FORBIDDEN = {
    r"\bimport pickle\b|\bpickle\.load": "no pickle from outside",
    r"\btorch\.load\(": "weights are safetensors",
    r"allow_pickle\s*=\s*True": "npz without pickle",
    r"shell\s*=\s*True|os\.system\(": "no shell strings",
    r"unsafe_allow_html\s*=\s*True": "no HTML from a user's text",
    r"trust_remote_code\s*=\s*True": "no code from a model folder",
    r"yaml\.load\(|\beval\(|\bexec\(": "no code from data",
}


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_forbidden_words(path):
    text = path.read_text(encoding="utf-8")
    for pattern, reason in FORBIDDEN.items():
        found = re.search(pattern, text)
        # `model.eval()` is torch's and harmless
        assert not found or text[found.start() - 1 : found.start()] == ".", f"{path.name}: {found.group(0)!r}: {reason}"


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_small(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 300, f"{path.relative_to(ROOT)} has {lines} lines: one idea a file"


def test_import_bmcore_costs_nothing():
    """`import bmcore` and every public name's face load no heavy module."""
    script = (
        "import sys, json, bmcore\n"
        "bmcore.TextClassifier, bmcore.KMeans, bmcore.DBSCAN\n"
        "bmcore.load_sample, bmcore.read_table, bmcore.train, bmcore.load, bmcore.runs\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not set(json.loads(done.stdout)) & (HEAVY | {"streamlit"})


def test_the_project_speaks_of_itself_alone():
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True).stdout.splitlines()
    pattern = re.compile(r"/work/|\.\./shared|/opt/(pypi|wheels)|" + "work" + "place", re.IGNORECASE)
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".png", ".mo", ".ico"} or not path.is_file() or path == Path(__file__).resolve():
            continue
        found = pattern.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, f"{name}: {found.group(0)}"
