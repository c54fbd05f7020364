"""Every test can fail: it checks something, and none leaves before it has."""

import ast
from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parent.rglob("*.py"))
CHECKS = {"raises", "fail", "assert_close", "assert_allclose", "assert_array_equal"}
WAITS = {"until", "drawn", "wait_for", "wait_for_function"}  # of a page: what does not come is an error
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def functions(path):
    """Every function in a file."""
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]


def checks(function, known):
    """Whether there is an assert in it, or a call of what checks."""
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in known)
        for node in ast.walk(function)
    )


def leaves_early(statements):
    """Whether a bare return stands there, but for one that ends the handling of an error."""
    for node in statements:
        inner = [] if isinstance(node, (*FUNCTION, ast.ExceptHandler)) else ast.iter_child_nodes(node)
        if (isinstance(node, ast.Return) and node.value is None) or leaves_early(inner):
            return True
    return False


HELPERS = {
    function.name
    for path in FILES
    for function in functions(path)
    if not function.name.startswith("test_") and checks(function, CHECKS | WAITS)
}


@pytest.mark.parametrize("path", [path for path in FILES if path.name.startswith("test_")], ids=lambda path: path.stem)
def test_a_test_checks_something_and_does_not_leave_before(path):
    tests = [function for function in functions(path) if function.name.startswith("test_")]
    assert tests
    for test in tests:
        assert checks(test, CHECKS | WAITS | HELPERS), f"{test.name} checks nothing"
        assert not leaves_early(test.body), f"{test.name} returns early: leave the case out of its parameters instead"


@pytest.mark.parametrize(
    ("body", "good"),
    [
        ("assert x", True),
        ("x()", False),
        ("if x:\n        return\n    assert x", False),
        ("def f():\n        return\n    assert f", True),
    ],
)
def test_what_cannot_fail_is_found(body, good):
    function = ast.parse(f"def test_it():\n    {body}\n").body[0]
    assert (checks(function, CHECKS) and not leaves_early(function.body)) == good


@pytest.mark.xdist_group("a group")
def test_a_group_stays_in_one_worker(request):
    """What a server and open pages cost is paid once: xdist goes by what it has put behind the name of a test."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("not shared out by groups")
    assert request.node.nodeid.endswith("@a group")
