"""Everything a reader sees, key -> (Dutch, English), a module per topic. `language.text` looks it up.

A key that is asked for and not here raises; tests read the sources for keys, and refuse one that stands in two topics.
"""

from hicgeo.output.catalogue import (
    backtest,
    briefing,
    change,
    density,
    disclosure,
    near_repeat,
    operation,
    page,
    periods,
    quality,
    rates,
    refusals,
    risk,
    season,
    target_map,
    targets,
    terms,
    waves,
)

TOPICS = (
    backtest,
    change,
    briefing,
    density,
    disclosure,
    near_repeat,
    operation,
    page,
    periods,
    quality,
    rates,
    refusals,
    risk,
    season,
    target_map,
    targets,
    terms,
    waves,
)
CATALOGUE: dict[str, tuple[str, str]] = {key: labels for topic in TOPICS for key, labels in topic.TEXTS.items()}
