"""Commands kept in results name files of the project from its root."""

import sys

from finmodel.cli.asked import asked_command
from finmodel.datasets.root import scenarios_root
from finmodel.ui.policy import Policy, asked_paths, typed


def test_a_place_on_the_machine_is_not_kept(monkeypatch):
    file = str(scenarios_root().resolve() / "yrd_baseline.toml")
    monkeypatch.setattr(sys, "argv", ["x", "run", file, "--set", "a.b=1", "/elsewhere/a.toml"])
    own = ["finmodel", "run", "scenarios/yrd_baseline.toml", "--set", "a.b=1", "/elsewhere/a.toml"]
    assert asked_command() == own


def test_what_a_job_ran_is_told_as_a_reader_types_it():
    policy = Policy("policy_pro_rata", {"programmes.delta_fund.state_share": 0.3})
    arguments = policy.arguments(7)
    assert asked_paths(arguments) == 7
    assert typed(arguments) == policy.command(7)
