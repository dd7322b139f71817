"""Mutation testing of autograd/: small changes of its code, each of which some test must notice.

mutmut puts functions with other arguments in the place of ours, where the table reads a rule by the names of its
arguments; cosmic-ray runs the same tests for each change. So this is a driver of its own: it changes one place of a
copy of the sources, and runs the tests that reached the line when coverage was measured.

`python -m tests.mutants --cover` measures that on an unchanged copy; a test that fails there is never chosen. A mutant
is dead if one of its tests fails, if autograd cannot be imported with it, or if its tests take too long. All else that
can happen to pytest is an error of this tool. In the end, the tests that killed mutants are run without any change.
"""
