"""The house rules that a machine can read off the source: who may import whom, what is never imported, what is never written."""

import ast
import functools
import json
import re
import subprocess
import sys
from pathlib import Path

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


@functools.cache
def imports(path, *, top_only):
    """What a file imports, by all of its import statements or by those at its top."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"bmcore.{alias.name}" for alias in node.names] if node.module == "bmcore" else [node.module]
    return found


def part_of(module):
    names = module.split(".")
    return names[1] if names[0] == "bmcore" and len(names) > 1 and names[1] in FLOOR else None


def wrong_imports(path):
    """What stands against the imports of a file."""
    relative = path.relative_to(ROOT)
    own = relative.parts[1].removesuffix(".py") if relative.parts[0] == "bmcore" else None
    for module in imports(path, top_only=False):
        part = part_of(module)
        if own == "__init__" or part is None:
            continue
        if own is None:  # app.py and pages
            if part not in {"ui", "runs", "data", "errors", "i18n", "serve", "home", "messages"}:
                yield f"{relative} imports {module}"
        elif part != own and FLOOR[part] > FLOOR[own]:
            yield f"{relative} imports {module}, which is on a higher floor"
        elif part != own and own in FLOORS[3] and part in FLOORS[3]:
            yield f"families do not import each other: {relative} imports {module}"


def test_imports_point_down():
    assert not [fault for path in CODE for fault in wrong_imports(path)]


def test_nothing_heavy_at_the_top_of_what_the_server_loads():
    light = [path for path in CODE if not LIGHT_EXCEPT.match(str(path.relative_to(ROOT)))]
    heavy = {str(path): {module.split(".")[0] for module in imports(path, top_only=True)} & HEAVY for path in light}
    assert not {path: found for path, found in heavy.items() if found}


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


def test_forbidden_words():
    faults = [
        (path.name, found[0], reason)
        for path in CODE for pattern, reason in FORBIDDEN.items() for found in re.finditer(pattern, path.read_text(encoding="utf-8"))
        if not (found[0].startswith("eval(") and found.string[found.start() - 1] == ".")  # `model.eval()` is torch's and harmless
    ]
    assert not faults


def test_files_stay_small():
    """One idea a file."""
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    assert not {path: n for path, n in lines.items() if n > 300}


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
