"""The changes: conditions, arithmetic, constants, raises and calls left out.

Texts are left as they are, and so are decorators and annotations. Each change replaces one
piece of the file, found by Python's own parser.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CALCULATED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
}  # fmt: skip
JOINED = {ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # Q objects, querysets and sets
LOOKUPS = {"lt": "lte", "lte": "lt", "gt": "gte", "gte": "gt"}
QUERIES = {"filter": "exclude", "exclude": "filter"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A change of one place: bytes `start` to `end` of the file become `after`."""

    path: str
    line: int
    last_line: int
    kind: str
    before: str
    after: str
    start: int
    end: int

    def apply(self, source: str) -> str:
        """Return the changed file. It ends with a mark, so that whoever runs it can tell."""
        text = source.encode()
        changed = text[: self.start] + self.after.encode() + text[self.end :]
        return f"{changed.decode()}\n__mutant__ = {self.name!r}\n"

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line} {self.start}-{self.end} {self.kind}: {self.after}"


def list_mutants(path: str, source: str) -> list[Mutant]:
    """Return all changes of a file, in its order."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, kind, after in _walk(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        found.append(
            Mutant(
                path=path, line=node.lineno, last_line=node.end_lineno, kind=kind,
                before=source.encode()[start:end].decode(), after=after, start=start, end=end,
            )
        )  # fmt: skip
    return sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.after))


def _walk(node: ast.AST) -> Iterator[tuple]:
    """Yield (node, kind, text that replaces it) for all changes at and below the node."""
    if isinstance(node, ast.JoinedStr) or _is_for_types(node):
        return
    yield from _change(node)
    left_out = {"annotation", "returns", "decorator_list", "type_params", "bases"}
    for name, value in ast.iter_fields(node):
        if name not in left_out:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _walk(child)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _change(node: ast.AST) -> Iterator[tuple]:
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                changed = copy.deepcopy(node)
                changed.ops[index] = COMPARED[type(operator)]()
                yield node, "condition", _text(changed)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, "condition", _text(ast.BoolOp(other, node.values))
        case ast.UnaryOp(op=ast.Not()):
            yield node, "condition", _text(node.operand)
        case ast.UnaryOp(op=ast.USub() | ast.Invert()):
            yield node, "arithmetic", _text(node.operand)
        case ast.BinOp():
            yield from _change_sum(node, node, node.left, node.right)
        case ast.AugAssign():
            yield from _change_sum(node, node, node.target, node.value)
        case ast.Constant(value=bool()):
            yield node, "constant", str(not node.value)
        case ast.Constant(value=int()):
            yield node, "constant", str(node.value + 1)
        case ast.Raise():
            yield node, "dropped raise", "pass"
        case ast.Expr(value=ast.Call()):
            yield node, "dropped call", "pass"
        case ast.Call():
            yield from _change_query(node)
        case ast.keyword(arg=str()):
            name, _, lookup = node.arg.rpartition("__")
            if lookup in LOOKUPS:
                other = f"{name}__{LOOKUPS[lookup]}={ast.unparse(node.value)}"
                yield node, "condition", other
    for test in _find_tests(node):
        if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield test, "condition", f"(not {_text(test)})"


def _find_tests(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If() | ast.While() | ast.IfExp():
            return [node.test]
        case ast.comprehension():
            return node.ifs
    return []


def _change_sum(node: ast.AST, whole: ast.AST, left: ast.expr, right: ast.expr) -> Iterator[tuple]:
    texts = (ast.JoinedStr, ast.List, ast.Tuple)
    if any(
        isinstance(side, texts) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (left, right)
    ):
        return  # texts and lists put together: what replaces it could only crash
    kind = "condition" if type(whole.op) in JOINED else "arithmetic"
    other = (CALCULATED | JOINED).get(type(whole.op))
    if other:
        changed = copy.deepcopy(whole)
        changed.op = other()
        yield node, kind, ast.unparse(changed) if isinstance(node, ast.stmt) else _text(changed)


def _change_query(node: ast.Call) -> Iterator[tuple]:
    """What a query asks: filter for exclude and back, and each of several conditions left out."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name in QUERIES and (node.args or node.keywords):
        changed = copy.deepcopy(node)
        changed.func.attr = QUERIES[name]
        yield node, "condition", _text(changed)
    is_query = name in QUERIES or getattr(node.func, "id", "") == "Q"
    if is_query and len(node.args) + len(node.keywords) > 1:
        for index, keyword in enumerate(node.keywords):
            if keyword.arg:
                changed = copy.deepcopy(node)
                del changed.keywords[index]
                yield node, "condition", _text(changed)


def _text(node: ast.expr) -> str:
    text = ast.unparse(node)
    simple = isinstance(node, ast.Name | ast.Attribute | ast.Constant | ast.Call | ast.Subscript)
    return text if simple else f"({text})"
