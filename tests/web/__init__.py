"""A package, so that the browser, a fixture of its scope, ends with these tests: see conftest.py."""
