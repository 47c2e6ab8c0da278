# Imported by the tests; the tests that use it cannot run.
