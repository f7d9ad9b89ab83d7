"""Why a policy or a run was refused, in the reader's language and with the page's names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from finmodel.errors import Problem
from finmodel.report.number_names import number_name
from finmodel.report.problem_words import problem_words
from finmodel.report.wording import Wording
from finmodel.scenario.quantity import Spec
from finmodel.ui.allotment_words import given_words, rule_words, spec_words

_NUMBER = re.compile(r"[A-Za-z_]\w*(?:\.[\w/>+:'-]+)+")
_LINE = re.compile(
    r" *- (?P<place>.+?): got (?P<given>.*?); allowed: (?P<allowed>.*?)"
    r"(?: \(did you mean '(?P<nearest>[^']*)'\?\))?"
)


def refused_text(problem: Problem, words: Wording, spec: Spec | None = None) -> str:
    """Return one thing wrong with a policy or a run: where, what was given, what may be.

    Parameters
    ----------
    problem : Problem
        Of the readers of policies, saved files and links. A text of it that the catalogue does
        not have stays as it is.
    words : Wording
        With the names of programmes.
    spec : Spec, optional
        Of the number that is wrong: its range is told in words.
    """
    own = problem_words(problem, words.language)
    dotted = problem.place.rpartition(" ")[2]
    place = own.place
    if own.place == problem.place and _NUMBER.fullmatch(dotted):
        place = number_name(dotted, words)
    given, allowed = given_words(own.given, words), rule_words(own.allowed, words)
    if spec is not None and problem.allowed == spec.allowed:
        allowed = spec_words(spec, words)
    meant = words.text("job", "meant", name=own.nearest) if own.nearest else ""
    return words.text("job", "refusal", place=place, given=given, allowed=allowed) + meant


def refused_texts(problems: Iterable[Problem], words: Wording) -> str:
    """Return several, each once, as one text."""
    return " ".join(dict.fromkeys(refused_text(problem, words) for problem in problems))


def refused_lines(said: str, words: Wording) -> str:
    """Return what a command said of its input with each of its problems in the reader's language.

    Parameters
    ----------
    said : str
        A heading, then a line a problem, as errors of inputs are printed. What has another form
        is returned as it is.
    words : Wording
    """
    _, *lines = said.splitlines() or [""]
    found = [_LINE.fullmatch(line) for line in lines]
    problems = [Problem(**match.groupdict(default="")) for match in found if match]
    if not problems or len(problems) < len(lines):
        return said
    return "\n".join(f"- {refused_text(problem, words)}" for problem in problems)
