from .analysis.backtest import Backtest, backtest, forecast
from .analysis.bandwidths import bandwidth
from .analysis.chains import Chains, near_repeat_chains
from .analysis.change import change, persistence, trend, year_to_date, yearly_rates
from .analysis.clusters import SpaceTimeClusters, SpaceTimeScan, space_time_scan, st_dbscan
from .analysis.concentration import Concentration, concentration
from .analysis.context import context_layers, nearby
from .analysis.controls import Controls, matched_controls
from .analysis.counting import CodeMatch, count_incidents, match_codes, roll_up
from .analysis.darkness import DarknessEffect, darkness_effect
from .analysis.density import Bandwidth, kde, kde_by
from .analysis.emerging import EmergingHotspots, emerging_hotspots
from .analysis.hotspots import hotspots
from .analysis.interrupted import InterruptedSeries, interrupted_series
from .analysis.intervention import WDD, CountChange, DetectableEffect, count_change, minimum_detectable_effect, wdd
from .analysis.join import NeighbourhoodIndex, assign_neighbourhoods
from .analysis.local_statistics import gi_star, local_moran
from .analysis.near_repeat import Knox, knox
from .analysis.operation import Evaluation, OperationPlan, evaluate_operation, plan_operation
from .analysis.outlook import Outlook, outlook, score_outlook
from .analysis.ranking import funnel, rank_areas, smooth_rates
from .analysis.rates import group_rates, rates
from .analysis.risk import RelativeRisk, relative_risk
from .analysis.season_areas import seasonal_areas
from .analysis.season_groups import SeasonClusters, cluster_seasons
from .analysis.seasons import dark_days, seasonal_index
from .analysis.targets import Targets, target_areas
from .analysis.timing import aoristic, hour_profile
from .analysis.victims import direct_victims
from .analysis.vintages import Crosswalk, crosswalk
from .errors import (
    AlignmentError,
    ColumnError,
    ConfigError,
    CrsError,
    DisclosureError,
    HicgeoError,
    HicgeoWarning,
    InputError,
)
from .grid import Grid
from .output.disclosure import Handling, Ledger, Protected, audit_html, protect
from .output.maps import HotspotMap
from .output.pictures import plot_rates
from .output.pictures_change import plot_change, plot_lorenz, plot_persistence
from .output.pictures_density import plot_backtest, plot_bandwidth, plot_surface
from .output.pictures_operation import plot_evaluation
from .output.pictures_rates import plot_funnel
from .output.pictures_risk import plot_risk
from .output.pictures_season import plot_groups, plot_hours, plot_months, plot_seasons
from .output.quality import plot_quality, quality_table
from .output.tables import write_surface, write_table
from .output.target_sheets import write_target_sheets
from .output.target_words import fitting_measures, target_table
from .output.words import in_words
from .scale.stream import FileCounts, count_from_file
from .sources.at_risk import read_at_risk
from .sources.counts import read_counts
from .sources.incidents import Intake, read_incidents
from .sources.measures import read_measures
from .sources.neighbourhoods import read_neighbourhoods
from .sources.proposal import Proposal, propose_intake
from .sources.sample import SampleCity, sample_city, write_sample
from .sources.school_holidays import read_school_holidays
from .suite.check import check_run
from .suite.config import RunConfig
from .suite.execute import run_suite
from .suite.explore import explore_density
from .suite.plans import read_plan, write_plan
from .suite.run import Run, open_run

__version__: str

__all__ = [
    "WDD",
    "AlignmentError",
    "Backtest",
    "Bandwidth",
    "Chains",
    "CodeMatch",
    "ColumnError",
    "Concentration",
    "ConfigError",
    "Controls",
    "CountChange",
    "Crosswalk",
    "CrsError",
    "DarknessEffect",
    "DetectableEffect",
    "DisclosureError",
    "EmergingHotspots",
    "Evaluation",
    "FileCounts",
    "Grid",
    "Handling",
    "HicgeoError",
    "HicgeoWarning",
    "HotspotMap",
    "InputError",
    "Intake",
    "InterruptedSeries",
    "Knox",
    "Ledger",
    "NeighbourhoodIndex",
    "OperationPlan",
    "Outlook",
    "Proposal",
    "Protected",
    "RelativeRisk",
    "Run",
    "RunConfig",
    "SampleCity",
    "SeasonClusters",
    "SpaceTimeClusters",
    "SpaceTimeScan",
    "Targets",
    "aoristic",
    "assign_neighbourhoods",
    "audit_html",
    "backtest",
    "bandwidth",
    "change",
    "check_run",
    "cluster_seasons",
    "concentration",
    "context_layers",
    "count_change",
    "count_from_file",
    "count_incidents",
    "crosswalk",
    "dark_days",
    "darkness_effect",
    "direct_victims",
    "emerging_hotspots",
    "evaluate_operation",
    "explore_density",
    "fitting_measures",
    "forecast",
    "funnel",
    "gi_star",
    "group_rates",
    "hotspots",
    "hour_profile",
    "in_words",
    "interrupted_series",
    "kde",
    "kde_by",
    "knox",
    "local_moran",
    "match_codes",
    "matched_controls",
    "minimum_detectable_effect",
    "near_repeat_chains",
    "nearby",
    "open_run",
    "outlook",
    "persistence",
    "plan_operation",
    "plot_backtest",
    "plot_bandwidth",
    "plot_change",
    "plot_evaluation",
    "plot_funnel",
    "plot_groups",
    "plot_hours",
    "plot_lorenz",
    "plot_months",
    "plot_persistence",
    "plot_quality",
    "plot_rates",
    "plot_risk",
    "plot_seasons",
    "plot_surface",
    "propose_intake",
    "protect",
    "quality_table",
    "rank_areas",
    "rates",
    "read_at_risk",
    "read_counts",
    "read_incidents",
    "read_measures",
    "read_neighbourhoods",
    "read_plan",
    "read_school_holidays",
    "relative_risk",
    "roll_up",
    "run_suite",
    "sample_city",
    "score_outlook",
    "seasonal_areas",
    "seasonal_index",
    "smooth_rates",
    "space_time_scan",
    "st_dbscan",
    "target_areas",
    "target_table",
    "trend",
    "wdd",
    "write_plan",
    "write_sample",
    "write_surface",
    "write_table",
    "write_target_sheets",
    "year_to_date",
    "yearly_rates",
]
