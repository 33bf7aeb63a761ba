"""Where a module or a function is longer than the house likes, and why. An entry that is no longer
needed makes the test fail: take it out."""

# path -> reason
LONG_MODULES: dict[str, str] = {
    "accesslog/outside/lethe_verify.py": "it is handed to outsiders as one file that needs nothing beside it",
    "cctv/disclosure/packages/check/lethe_check.py": "enclosed in packages as one file that needs nothing",
    "tests/disclosure/check/tampering.py": "one table of tampering, held against both verifiers",
    "tests/people/matrix.py": "one table, so that nobody looks for an address in two places",
}

# "path::qualified.name" -> reason
LONG_FUNCTIONS: dict[str, str] = {}
