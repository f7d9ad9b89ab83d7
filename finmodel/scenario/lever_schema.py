"""The levers of a scenario besides guidance programmes: each has a zero that changes nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict

from finmodel.scenario.quantity import Quantity
from finmodel.scenario.section import Section, within

Presence = Annotated[Quantity, within("share", 0.0, 1.0, "presence in a region, beyond today's")]
Relief = Annotated[Quantity, within("share", 0.0, 0.9, "off what firms of a region burn")]
StageNames = Annotated[tuple[str, ...], Strict(False), Field(max_length=12)]

_GAIN_LOW, _GAIN_HIGH = -3.0, 3.0


class Barriers(Section):
    """Barriers between regions: meetings, sight, and knowledge across a border."""

    border_relief: Annotated[
        Quantity, within("share", 0.0, 1.0, "of the way of each cross-border nearness to one")
    ]
    noise_relief: Annotated[
        Quantity, within("share", 0.0, 1.0, "of the extra noise across a border that goes")
    ]
    spillover: Annotated[
        Quantity,
        within(
            "ln per unit", 0.0, 3.0, "effect of the neighbours' knowledge on hard-tech milestones"
        ),
    ]
    knowledge: str = Field(min_length=1, max_length=80)


class ClusterLinks(Section):
    """What the same sector in the other regions does for a region's firms."""

    complementarity: Annotated[
        Quantity,
        within("ln per point", -3.0, 3.0, "effect of the others' cluster strength on milestones"),
    ]


class Corridor(Section):
    """A corridor through parts of some regions: easier meetings, relief, joint laboratories."""

    members: dict[
        str, Annotated[Quantity, within("share", 0.0, 1.0, "of a region that lies in the corridor")]
    ]
    friction_relief: Annotated[
        Quantity, within("share", 0.0, 1.0, "of the way of a nearness between members to one")
    ]
    tax_relief: Annotated[
        Quantity, within("share", 0.0, 0.9, "off what firms in the corridor burn")
    ]
    joint_lab_births: Annotated[
        Quantity, within("share", 0.0, 5.0, "more births of hard-tech firms in the corridor")
    ]


class Incentives(Section):
    """Tax relief by region or in all regions together, and the depth of the exit market."""

    tax_relief: dict[str, Relief]
    coordinated_tax_relief: Annotated[
        Quantity, within("share", 0.0, 0.9, "off what firms burn, in every region")
    ]
    exit_depth: Annotated[
        Quantity, within("ln", -3.0, 3.0, "added to the log hazards of IPOs, sales and transfers")
    ]


class TechnologyIntermediaries(Section):
    """Intermediaries at the source and at the end; the middle is the section of that name."""

    source_stages: StageNames
    end_stages: StageNames
    source_presence: dict[str, Presence]
    end_presence: dict[str, Presence]
    source_gain: Annotated[
        Quantity,
        within("ln", _GAIN_LOW, _GAIN_HIGH, "on hard-tech milestones at source stages, in full"),
    ]
    end_gain: Annotated[
        Quantity,
        within("ln", _GAIN_LOW, _GAIN_HIGH, "on hard-tech milestones at end stages, in full"),
    ]


class Government(Section):
    """Government: relief of what firms burn."""

    presence: dict[str, Presence]
    tax_relief: Annotated[
        Quantity, within("share", 0.0, 0.9, "off what firms burn, at full presence")
    ]


class University(Section):
    """Universities: firms founded out of them."""

    presence: dict[str, Presence]
    birth_gain: Annotated[
        Quantity, within("share", 0.0, 5.0, "more births of hard-tech firms, at full presence")
    ]


class Industry(Section):
    """Industry: production and first customers."""

    presence: dict[str, Presence]
    end_gain: Annotated[
        Quantity,
        within("ln", _GAIN_LOW, _GAIN_HIGH, "on hard-tech milestones at end stages, in full"),
    ]


class Research(Section):
    """Research institutes: from the lab to the prototype."""

    presence: dict[str, Presence]
    source_gain: Annotated[
        Quantity,
        within("ln", _GAIN_LOW, _GAIN_HIGH, "on hard-tech milestones at source stages, in full"),
    ]


class Finance(Section):
    """Financial institutions: more funds met."""

    presence: dict[str, Presence]
    meeting_gain: Annotated[
        Quantity, within("share", 0.0, 5.0, "more meetings at full presence, of the usual number")
    ]


class Intermediary(Section):
    """Brokers of technology and finance: more funds met, and seen more clearly."""

    presence: dict[str, Presence]
    meeting_gain: Annotated[
        Quantity, within("share", 0.0, 5.0, "more meetings at full presence, of the usual number")
    ]
    precision_gain: Annotated[
        Quantity, within("share", 0.0, 1.0, "noise taken away at full presence")
    ]


class ExitMarket(Section):
    """The market: buyers of firms, on the exchange and off it."""

    presence: dict[str, Presence]
    exit_depth: Annotated[
        Quantity,
        within("ln", -3.0, 3.0, "on the hazards of IPOs, sales and transfers, at full presence"),
    ]


class Actors(Section):
    """Seven actors; the presence of each in a region moves one part of the model."""

    government: Government
    university: University
    industry: Industry
    research: Research
    finance: Finance
    intermediary: Intermediary
    market: ExitMarket


class Levers(Section):
    """Policy levers besides guidance programmes."""

    barriers: Barriers
    clusters: ClusterLinks
    corridor: Corridor
    incentives: Incentives
    intermediaries: TechnologyIntermediaries
    actors: Actors
    cost_mcny_pa: dict[
        str,
        Annotated[
            Quantity,
            within("mcny/year", 0.0, 1e8, "public cost of a lever or actor, besides relief"),
        ],
    ]
