"""The house: file sizes, silence of the core, clean text, docs that run."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCES = sorted([*ROOT.glob("finmodel/**/*.py"), ROOT / "app.py"])
SILENT = [path for path in SOURCES if not {"cli", "ui"} & set(path.parts)]


MADE_FOLDERS = {
    *("runs", "comparisons", "decompositions", "funds", "validations", "evaluations", "fits"),
    "sensitivities",
    *("build", "dist"),
}
"""Results and builds at the top, as .gitignore has them."""


def tracked():
    """Return the project's files: those of git, or without it all that no command has made."""
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode == 0:
        return [ROOT / name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]
    files = [path for path in ROOT.rglob("*") if path.is_file()]
    return [path for path in files if not is_made(path.relative_to(ROOT))]


def is_made(path):
    """Whether a path is a result, a build or a cache."""
    is_hidden = any(part.startswith(".") and part not in (".ci", ".github") for part in path.parts)
    is_cache = any(part == "__pycache__" or part.endswith(".egg-info") for part in path.parts)
    return path.parts[0] in MADE_FOLDERS or is_hidden or is_cache


def test_without_git_the_project_s_files_are_found():
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for name in listing.stdout.splitlines():
        assert not is_made(Path(name)) or name.startswith("."), name
    assert is_made(Path("runs/abc/manifest.json"))
    assert is_made(Path("finmodel/__pycache__/x.pyc"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            doc = ast.get_docstring(node, clean=False) or ""
            length = (node.end_lineno or 0) - node.lineno + 1 - doc.count("\n")
            assert length <= 75, f"{node.name} has {length} lines"


def test_test_files_stay_small():
    for path in ROOT.glob("tests/**/*.py"):
        assert path.read_text(encoding="utf-8").count("\n") <= 400, path.relative_to(ROOT)


@pytest.mark.parametrize("path", SILENT, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_never_prints_or_exits(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "exit", "quit", "input"), node.lineno


def test_public_functions_have_docstrings():
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"


def test_no_default_number_hides_in_the_schema():
    text = (ROOT / "finmodel/scenario/schema.py").read_text()
    assert not re.search(r"Quantity\]?\s*=\s", text)


def test_the_project_speaks_of_itself_alone():
    """No tracked text names the place it was written in: the checkout, or somebody's home."""
    places = {str(place) for place in (ROOT, Path.home()) if len(place.parts) > 1}
    assert places
    for path in tracked():
        if path.suffix in (".gz", ".png", ".parquet"):
            continue
        text = path.read_text(encoding="utf-8")
        found = [place for place in places if f"{place}/" in text]
        assert not found, path.relative_to(ROOT)


def test_the_lock_has_hashes_and_no_addresses():
    text = (ROOT / "requirements.lock").read_text()
    assert "http" not in text
    pins = re.findall(r"^([a-z0-9._\-\[\]]+)==", text, re.MULTILINE)
    assert len(pins) > 20
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks if block.strip())


def test_the_step_order_of_the_docs_is_the_code_s():
    order = (ROOT / "finmodel/market/path.py").read_text().split('"""')[1]
    page = (ROOT / "docs/model.md").read_text()
    for number in range(1, 12):
        assert f"\n{number}. " in order
        assert f"\n{number}. " in page


def test_no_page_of_the_docs_says_the_same_heading_twice():
    """A section that stands twice has one that is out of date."""
    for page in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
        headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        names = [text.casefold() for text in headings]
        assert len(names) == len(set(names)), page.name


def test_version_is_stated_once():
    import finmodel

    project = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{finmodel.__version__}"' in project
    assert finmodel.__version__ in (ROOT / "CHANGELOG.md").read_text()
