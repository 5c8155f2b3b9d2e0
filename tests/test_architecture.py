"""The house rules that a machine can check: import direction, sizes, no pass-through, no pickle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "vocalsep"
FILES = sorted(PACKAGE.rglob("*.py"))

# A part may import parts of earlier rows and itself; parts of one row do not know each other.
LAYERS = [
    {"errors", "annotations"},
    {"types", "registry", "atomic", "heap"},
    {"recipe"},
    {"audio", "images", "dsp"},
    {"backbones"},
    {"models"},
    {"inference", "data"},
    {"segmentation"},
    {"evaluation", "karaoke"},
    {"training"},
    {"bench"},
    {"commands"},
    {"cli"},
    {"__main__"},
]
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}

BANNED = {"torchaudio", "torchvision", "librosa", "scipy", "pickle", "cloudpickle", "dill"}
# Pulls torch in by itself; see the contract of `audio`: everything there is numpy.
NO_TORCH = {
    "audio",
    "images",
    "errors",
    "annotations",
    "types",
    "registry",
    "recipe",
    "cli",
    "commands",
}


def module_name(path: Path) -> str:
    """vocalsep/audio/read.py -> "vocalsep.audio.read"; packages lose their __init__."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """ "vocalsep.audio.read" -> "audio"; the package itself -> ""."""
    return module.split(".")[1] if "." in module else ""


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports(tree: ast.AST, *, top_level: bool) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of what is imported: `from a import b` gives "a.b".

    With `top_level`, only what runs when the module is imported; never what only mypy sees.
    """
    for node in ast.iter_child_nodes(tree):
        if is_type_checking(node):
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif not (top_level and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))):
            yield from imports(node, top_level=top_level)


def own_modules(tree: ast.AST, *, top_level: bool) -> set[str]:
    """Our own modules among the imports: `from vocalsep.audio.read import probe` -> the module."""
    known = {module_name(path) for path in FILES}
    found = set()
    for _, name in imports(tree, top_level=top_level):
        if name.split(".")[0] == "vocalsep":
            found.add(name if name in known else name.rpartition(".")[0])
    return found


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether click calls it: with every option as a keyword, and only with those it declares."""
    return any("command(" in ast.unparse(each) for each in function.decorator_list)


@pytest.fixture(params=FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def source(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_every_part_has_a_layer() -> None:
    parts = {part_of(module_name(path)) for path in FILES} - {""}
    assert parts <= set(RANK), f"give these a row in LAYERS: {parts - set(RANK)}"


def test_imports_go_one_way(source: Path) -> None:
    here = part_of(module_name(source))
    for name in own_modules(parse(source), top_level=False):
        there = part_of(name)
        if here == "":  # vocalsep/__init__.py: names that cost nothing
            assert there in {"errors", "types"}, name
        elif there not in ("", here):
            assert RANK[there] < RANK[here], f"{here} imports {name}"


def test_no_import_cycles() -> None:
    graph = {module_name(path): own_modules(parse(path), top_level=True) for path in FILES}
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_no_banned_imports(source: Path) -> None:
    for line, name in imports(parse(source), top_level=False):
        assert name.split(".")[0] not in BANNED, f"line {line}: {name}"


def test_no_torch_where_it_must_stay_light(source: Path) -> None:
    part = part_of(module_name(source))
    if part in NO_TORCH | {""}:
        # Commands may load torch, but only when they run.
        top_level = part == "commands"
        for line, name in imports(parse(source), top_level=top_level):
            assert name.split(".")[0] != "torch", f"line {line}: {name}"


def test_nothing_is_unpickled(source: Path) -> None:
    """`torch.load` and `numpy.load(allow_pickle=True)` run code from the file."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            keywords = {keyword.arg for keyword in node.keywords}
            assert called not in {"torch.load", "torch.save"}, f"line {node.lineno}: {called}"
            assert "allow_pickle" not in keywords, f"line {node.lineno}"


def test_nothing_is_left_to_do(source: Path) -> None:
    """Half-done work is an issue, not a comment."""
    assert not re.search(r"\b(TODO|FIXME)\b", source.read_text(encoding="utf-8"))


def test_files_are_short(source: Path) -> None:
    assert len(source.read_text(encoding="utf-8").splitlines()) <= 300


def test_functions_are_short_and_take_few_parameters(source: Path) -> None:
    for function in functions(parse(source)):
        where = f"{function.name}, line {function.lineno}"
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno < 60, where
        arguments = function.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        recipe_keys = source.parent.name in {"networks", "encoders"} and (
            function.name == "__init__"
        )
        if not (is_command(function) or recipe_keys):
            assert len([name for name in names if name not in ("self", "cls")]) <= 6, where


def test_no_keyword_pass_through(source: Path) -> None:
    """`**kwargs` swallows misspelt names; whoever needs it writes a dataclass."""
    for function in functions(parse(source)):
        if not is_command(function):
            assert function.args.kwarg is None, f"{function.name}, line {function.lineno}"


def test_public_names_exist_and_are_complete(source: Path) -> None:
    """Where a module lists __all__, it lists each public function and class of its own."""
    tree = parse(source)
    listed: list[str] | None = None
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = ast.literal_eval(node.value)
    if listed is None:
        return
    own = {n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    assert {name for name in own if not name.startswith("_")} <= set(listed)
    assert len(listed) == len(set(listed))


def test_all_of_the_package_can_be_had() -> None:
    import vocalsep

    for name in vocalsep.__all__:
        assert getattr(vocalsep, name) is not None


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES} - {PACKAGE}))
def test_tests_mirror_the_package(folder: Path) -> None:
    """Each package has a folder of tests of the same name (private siblings need none)."""
    mirrored = PACKAGE.parent / "tests" / folder.relative_to(PACKAGE)
    assert (mirrored / "__init__.py").exists()
    assert list(mirrored.glob("test_*.py")), f"no test in {mirrored}"
