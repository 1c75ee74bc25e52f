"""Hold the caps on size: a Python file has at most 300 lines, a function at most 40."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40


def oversized(path: Path) -> Iterator[str]:
    """Name what in one file is over a cap."""
    source = path.read_text(encoding="utf-8")
    file_lines = len(source.splitlines())
    if file_lines > MAX_FILE_LINES:
        yield f"{path}: {file_lines} lines, at most {MAX_FILE_LINES}"
    for node in ast.walk(ast.parse(source, filename=str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            lines = node.end_lineno - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield (
                    f"{path}:{node.lineno}: {node.name} has {lines} lines, "
                    f"at most {MAX_FUNCTION_LINES}"
                )


def main() -> int:
    """Check every Python file under the folders named on the command line."""
    paths = sorted(path for folder in sys.argv[1:] for path in Path(folder).rglob("*.py"))
    complaints = [complaint for path in paths for complaint in oversized(path)]
    print("\n".join(complaints) or f"{len(paths)} files within the size caps")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
