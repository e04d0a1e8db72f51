"""Nothing that differs between two replays stands in the workflows or in what they compute with.

Production runs them without Temporal's sandbox, and these modules pass through it in the tests, so
nobody else would object.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "workflows").glob("*.py"), *(ROOT / "payments" / "domain").glob("*.py")])

# Modules that know the time, chance, the machine or the network.
IMPURE_MODULES = {"os", "random", "secrets", "socket", "sys", "threading", "time", "urllib"}
# Names that do, of modules that are fine otherwise.
IMPURE_NAMES = {"now", "utcnow", "today", "uuid1", "uuid4", "getenv", "open", "input", "print"}
# asyncio's own, whose order is not that of the history; Temporal has the same words.
IMPURE_ASYNCIO = {"wait", "as_completed", "sleep", "to_thread", "run_in_executor"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def called(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Owner, name and line of every call."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)):
                yield owner, name, node.lineno
            case ast.Call(func=ast.Name(id=name)):
                yield "", name, node.lineno
            case _:
                pass


def walked_sets(tree: ast.AST) -> Iterator[int]:
    """Lines where the order of a set decides something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            source = node.iter
            is_set = isinstance(source, ast.Set | ast.SetComp) or (
                isinstance(source, ast.Call)
                and isinstance(source.func, ast.Name)
                and source.func.id in {"set", "frozenset"}
            )
            if is_set:
                yield source.lineno


def floats(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno


def impurities(tree: ast.AST) -> Iterator[str]:
    yield from (f"imports {name}" for name in imported(tree) if name in IMPURE_MODULES)
    for owner, name, line in called(tree):
        if owner == "workflow":
            continue
        if name in IMPURE_NAMES or (owner == "asyncio" and name in IMPURE_ASYNCIO):
            yield f"line {line} calls {owner}.{name}"
    yield from (f"line {line} walks a set" for line in walked_sets(tree))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_replay_would_see_the_same(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert list(impurities(tree)) == []


@pytest.mark.parametrize("name", ["money", "bill", "ledger", "lock"])
def test_no_float_comes_near_money(name: str) -> None:
    tree = ast.parse((ROOT / "payments" / "domain" / f"{name}.py").read_text(encoding="utf-8"))

    assert list(floats(tree)) == []


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("import random", "imports random"),
        ("from time import monotonic", "imports time"),
        ("datetime.now()", "line 1 calls datetime.now"),
        ("asyncio.wait([])", "line 1 calls asyncio.wait"),
        ("for each in {1, 2}: pass", "line 1 walks a set"),
        ("[each for each in set(x)]", "line 1 walks a set"),
    ],
)
def test_the_check_finds_what_it_looks_for(source: str, finding: str) -> None:
    assert list(impurities(ast.parse(source))) == [finding]
