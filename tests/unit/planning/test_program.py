"""Programs reach HiGHS as PuLP models, in one call. What of PuLP that leans on is held to here, so that an upgrade
which changes it is noticed."""

import highspy
import numpy as np
import pulp
import pytest

from optimizer.planning import program
from optimizer.planning.program import Program, SolverFailed


def knapsack() -> Program:
    """Take at most 4 of x0 and x1 together, at least x2 = 1.5 of the third; x0 is worth most."""
    lp = Program()
    taken = lp.columns(upper=np.array([3.0, 3.0]), cost=np.array([-2.0, -1.0]))
    forced = lp.columns(upper=np.array([np.inf]), cost=np.array([0.5]), lower=np.array([0.25]))
    lp.rows(np.array([2]), taken, np.ones(2), np.array([4.0]))
    lp.rows(np.array([1]), forced, np.array([2.0]), np.array([3.0]), equal=True)
    return lp


def test_an_optimum_is_found() -> None:
    assert knapsack().minimized(1.0, {}).tolist() == pytest.approx([3.0, 1.0, 1.5])


def test_a_process_may_solve_again_and_again() -> None:
    assert len({tuple(knapsack().minimized(1.0, {"presolve": presolve})) for presolve in ("on", "off", "on")}) == 1


def test_the_model_in_pulp_is_the_one_that_is_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    """PuLP's own way to HiGHS, term by term, comes to the same optimum with the same values."""
    ours = knapsack().minimized(1.0, {})
    problems: list[pulp.LpProblem] = []
    build = program._in_pulp

    def kept(arrays: program._Arrays) -> pulp.LpProblem:
        problems.append(build(arrays))
        return problems[-1]

    monkeypatch.setattr(program, "_in_pulp", kept)
    knapsack().minimized(1.0, {})
    problem = problems[0]
    assert (problem.numVariables(), problem.numConstraints()) == (3, 2)
    stats = problem.solve(pulp.getSolver("HiGHS", msg=False))
    assert stats.status == pulp.LpSolveStatus.Optimal
    assert [variable.varValue for variable in problem.variables()] == pytest.approx(ours.tolist())
    assert pulp.value(problem.objective) == pytest.approx(-2 * 3 - 1 + 0.75)


def test_pulp_still_calls_the_hooks_that_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for hook in ("createAndConfigureSolver", "buildSolverModel", "callSolver", "findSolutionValues", "buildStats"):
        original = getattr(program._InOneCall, hook)

        def noted(*arguments: object, name: str = hook, original: object = original, **options: object) -> object:
            called.append(name)
            assert callable(original)
            return original(*arguments, **options)

        monkeypatch.setattr(program._InOneCall, hook, noted)
    knapsack().minimized(1.0, {})
    assert called == ["createAndConfigureSolver", "buildSolverModel", "callSolver", "findSolutionValues", "buildStats"]


def test_what_has_no_optimum_fails() -> None:
    infeasible = knapsack()
    infeasible.rows(np.array([1]), np.array([0]), np.ones(1), np.array([-1.0]))
    with pytest.raises(SolverFailed, match="Infeasible"):
        infeasible.minimized(1.0, {})
    unbounded = Program()
    unbounded.columns(upper=np.array([np.inf]), cost=np.array([-1.0]))
    with pytest.raises(SolverFailed):
        unbounded.minimized(1.0, {})


def test_no_time_is_no_optimum() -> None:
    with pytest.raises(SolverFailed, match="no time"):
        knapsack().minimized(0.0, {})


def test_a_run_that_the_clock_stopped_is_no_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever rates it may have had by then."""
    stopped = highspy.HighsModelStatus.kTimeLimit
    monkeypatch.setattr(highspy.Highs, "getModelStatus", lambda _: stopped)
    with pytest.raises(SolverFailed, match="Time"):
        knapsack().minimized(1.0, {})


def test_values_that_are_no_numbers_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        col_value = (float("nan"),) * 3

    monkeypatch.setattr(highspy.Highs, "getSolution", lambda _: Broken)
    with pytest.raises(SolverFailed, match="no numbers"):
        knapsack().minimized(1.0, {})
