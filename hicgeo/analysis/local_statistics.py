"""Where high values lie together: Gi* and local Moran, of areas with neighbours or of the cells of a surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, special

from hicgeo.analysis._inference import Rng, false_discovery, generator
from hicgeo.analysis._scan import disc
from hicgeo.errors import AlignmentError, InputError

if TYPE_CHECKING:
    import xarray as xr
    from libpysal.graph import Graph  # type: ignore[import-untyped]  # it ships no types

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

LEVEL = 0.05
UNCLEAR, UNTESTED = "niet te onderscheiden", "niet te toetsen"


def gi_star(
    values: pd.Series | xr.DataArray, neighbours: Graph | float, *, permutations: int = 0, rng: Rng | None = None
) -> pd.DataFrame | xr.Dataset:
    """Getis and Ord's Gi*: whether the sum of a place and its neighbours is high, or low, for the whole.

    Parameters
    ----------
    values
        One number per area, or a surface of cells; NaN is not tested and is nobody's neighbour.
    neighbours
        Of areas: a libpysal Graph of the same areas, in any order. Of cells: a radius in metres; all cells whose
        centre lies within it are neighbours, equally.
    permutations
        Conditional permutations behind `p_permutation`; 0 for none.
    rng
        Seed or Generator of the permutations.

    Returns
    -------
    DataFrame or Dataset
        On the index of `values`, or on its cells:

        - `z`: standard deviations above what is expected if the values lay at random;
        - `p_value`: two-sided, normal; `p_fdr`: adjusted for the number of places (Benjamini-Hochberg);
        - `p_permutation`: two-sided, twice the smaller tail; `p_permutation_fdr`; NaN without permutations;
        - `state`: "hoog" or "laag" where `p_fdr` (with permutations: `p_permutation_fdr`) is at most 0.05, "niet te
          onderscheiden" elsewhere, "niet te toetsen" for places without a value or without neighbours, and
          everywhere when all values are the same.

    Raises
    ------
    InputError
        Values are infinite or fewer than three, weights are negative, the radius is under a cell, or permutations come
        without `rng`.
    AlignmentError
        The Graph speaks of other areas than the values.

    Notes
    -----
    Weights as they are in the Graph; a place that has no weight of its own counts with the largest of its row (1 when
    all are 1). Permutations: of a place with d neighbours, sums of d values drawn without replacement from all others,
    the place itself staying as it is. z supposes many neighbours and no long tails: counts of crime in single cells
    have both against them, and there the permutations are to be preferred. Cost: O(cells x rows of the disc) or
    O(links); permutations O(places log permutations + permutations x most neighbours) when the neighbours of a place
    weigh the same, else O(links x permutations).

    References
    ----------
    Ord, J. K. and Getis, A. (1995). Local spatial autocorrelation statistics. doi:10.1111/j.1538-4632.1995.tb00912.x

    Examples
    --------
    >>> import pandas as pd
    >>> from libpysal.graph import Graph
    >>> line = Graph.from_adjacency(pd.DataFrame({
    ...     "focal": ["a", "b", "b", "c", "c", "d"], "neighbor": ["b", "a", "c", "b", "d", "c"], "weight": 1}))
    >>> gi_star(pd.Series([9.0, 8.0, 1.0, 0.0], index=list("abcd")), line)["z"].round(2).tolist()
    [1.72, 1.12, -1.12, -1.72]
    """
    around = _around(values, neighbours)
    x, n = around.x, len(around.x)
    own = around.own(largest=True)
    total = around.lag + own * x
    weight, squares = around.weight + own, around.squares + own**2
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt((n * squares - weight**2) / (n - 1))
        z = np.where(around.testable & (spread > 0), (total - x.mean() * weight) / (x.std() * spread), np.nan)
    columns = {"z": z, **_p_values(z, around, permutations, rng)}
    return around.answer(columns, (z < 0).astype(np.int64), ["hoog", "laag"])


def local_moran(
    values: pd.Series | xr.DataArray, neighbours: Graph | float, *, permutations: int = 0, rng: Rng | None = None
) -> pd.DataFrame | xr.Dataset:
    """Anselin's local Moran: whether a place resembles its neighbours, or stands out among them.

    Parameters
    ----------
    values, neighbours, permutations, rng
        As in `gi_star`; weights are row-standardised, and a place is not its own neighbour.

    Returns
    -------
    DataFrame or Dataset
        On the index of `values`, or on its cells:

        - `local_i`: the value in standard deviations times the mean of its neighbours';
        - `z`, `p_value`, `p_fdr`, `p_permutation`, `p_permutation_fdr`: as in `gi_star`, given the value of the place;
        - `state`: "hoog bij hoog", "laag bij laag", "hoog bij laag" or "laag bij hoog" where it is significant (as in
          `gi_star`), "niet te onderscheiden" or "niet te toetsen".

    Raises
    ------
    InputError
        As in `gi_star`.
    AlignmentError
        The Graph speaks of other areas than the values.

    Notes
    -----
    Moments under conditional randomisation (Sokal et al. 1998, equations A7 and A8). Cost as in `gi_star`.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association. doi:10.1111/j.1538-4632.1995.tb00338.x. Sokal, R. R.,
    Oden, N. L. and Thomson, B. A. (1998). Local spatial autocorrelation. doi:10.1111/j.1538-4632.1998.tb00406.x

    Examples
    --------
    >>> import pandas as pd
    >>> from libpysal.graph import Graph
    >>> line = Graph.from_adjacency(pd.DataFrame({
    ...     "focal": ["a", "b", "b", "c", "c", "d"], "neighbor": ["b", "a", "c", "b", "d", "c"], "weight": 1}))
    >>> local_moran(pd.Series([9.0, 8.0, 1.0, 0.0], index=list("abcd")), line)["local_i"].round(2).tolist()
    [0.97, 0.11, 0.11, 0.97]
    """
    around = _around(values, neighbours)
    x, n = around.x, len(around.x)
    spread = x.std()
    with np.errstate(divide="ignore", invalid="ignore"):
        own = (x - x.mean()) / spread
        lag = (around.lag / around.weight - x.mean()) / spread
        squares = around.squares / around.weight**2
        expected = -(own**2) / (n - 1)
        variance = own**2 * n / (n - 2) * (squares - 1 / (n - 1)) * (1 - own**2 / (n - 1))
        known = around.testable & (variance > 0)
        z = np.where(known, (own * lag * (n - 1) / n - expected) / np.sqrt(variance), np.nan)
    # esda divides by n - 1 what others divide by n; both cancel in z
    columns = {"local_i": np.where(around.testable, own * lag, np.nan), "z": z}
    columns |= _p_values(z, around, permutations, rng)
    which = 2 * (own <= 0).astype(np.int64) + (lag <= 0)
    return around.answer(columns, which, ["hoog bij hoog", "hoog bij laag", "laag bij hoog", "laag bij laag"])


@dataclass(frozen=True)
class _Around:
    """Known values with the sum, weight and squared weight of their neighbours.

    `links` are the neighbours as a sparse matrix, or None where all cells of a disc count alike. `degree` is the number
    of neighbours, `even` whether those of each place weigh the same.
    """

    values: pd.Series | xr.DataArray
    known: npt.NDArray[np.bool_]
    x: Array
    lag: Array
    weight: Array
    squares: Array
    degree: Whole
    diagonal: Array
    links: sparse.csr_array | None

    @property
    def testable(self) -> npt.NDArray[np.bool_]:
        """Places with neighbours, unless all values are the same."""
        return (self.degree > 0) & bool(np.ptp(self.x) > 0)

    def own(self, *, largest: bool) -> Array:
        """Weight of each place for itself."""
        if self.links is None:
            return np.ones(len(self.x))
        row_most = np.asarray(self.links.max(axis=1).todense()).ravel()
        return np.where(self.diagonal > 0, self.diagonal, row_most) if largest else self.diagonal

    def answer(self, columns: dict[str, Array], which: npt.NDArray[np.integer], names: list[str]) -> Any:
        """Put the columns back in their places; `which` of the names a place has where it is significant."""
        decisive = columns["p_fdr"] if np.isnan(columns["p_permutation_fdr"]).all() else columns["p_permutation_fdr"]
        names = [*names, UNCLEAR, UNTESTED]
        # A comparison with NaN is false: what could not be tested is named after it.
        state = np.where(decisive <= LEVEL, which, len(names) - 2)
        state[np.isnan(columns["z"])] = len(names) - 1
        if not self.known.all():
            place = self.known.ravel()
            columns = {name: _placed(values, place, np.nan) for name, values in columns.items()}
            state = _placed(state, place, len(names) - 1)
        if isinstance(self.values, pd.Series):
            return pd.DataFrame(columns | {"state": pd.Categorical.from_codes(state, names)}, index=self.values.index)
        import xarray as xr

        shape, dims = self.values.shape, self.values.dims
        made = {name: (dims, array.reshape(shape)) for name, array in columns.items()}
        spoken = np.array(names)[state].reshape(shape)
        return xr.Dataset(made | {"state": (dims, spoken)}, self.values.coords, self.values.attrs)


def _placed(values: npt.NDArray[Any], place: npt.NDArray[np.bool_], other: float) -> npt.NDArray[Any]:
    """Values in their places, something else between."""
    out = np.full(place.size, other, values.dtype)
    out[place] = values
    return out


def _around(values: pd.Series | xr.DataArray, neighbours: Graph | float) -> _Around:
    """Neighbourhoods of the known values."""
    numbers = np.asarray(values.to_numpy(), float)
    if np.isinf(numbers).any():
        raise InputError(
            "values must be finite, or NaN where unknown", f"{np.isinf(numbers).sum()} infinite", "mend it"
        )
    known = ~np.isnan(numbers)
    if known.sum() < 3:
        raise InputError("at least three values must be known", f"{known.sum()}", "take more areas or a longer period")
    x = numbers[known]
    if isinstance(values, pd.Series):
        links = _links(values, neighbours)[known][:, known]
        diagonal = links.diagonal()
        links = sparse.csr_array(links - sparse.diags_array(diagonal))
        links.eliminate_zeros()
        degree, weight = np.diff(links.indptr).astype(np.int64), np.asarray(links.sum(axis=1)).ravel()
        squares = np.asarray(links.power(2).sum(axis=1)).ravel()
        return _Around(values, known, x, links @ x, weight, squares, degree, diagonal, links)
    from hicgeo.analysis import _compiled_hotspots as compiled

    half = _disc_of(values, neighbours)
    lag = compiled.disc_sums(np.where(known, numbers, 0.0), half)[known] - x
    degree = compiled.disc_sums(known.astype(float), half)[known].astype(np.int64) - 1
    weight = degree.astype(float)
    return _Around(values, known, x, lag, weight, weight, degree, np.zeros(len(x)), None)


def _links(values: pd.Series, graph: Any) -> sparse.csr_array:
    """Weights among the areas, in the order of the values."""
    if not hasattr(graph, "unique_ids"):
        raise InputError(
            "areas must come with a libpysal Graph of their neighbours",
            type(graph).__name__,
            "make one: libpysal.graph.Graph.build_contiguity(neighbourhoods, rook=False)",
        )
    index, ids = values.index, graph.unique_ids
    if index.has_duplicates:
        raise AlignmentError(
            "every area must occur once",
            f"{int(index.duplicated().sum())} repeat another",
            "aggregate the values first",
        )
    position = ids.get_indexer(index)
    absent, extra = int((position < 0).sum()), len(ids.difference(index))
    if absent or extra:
        raise AlignmentError(
            "values and Graph must speak of the same areas",
            f"{absent} of {len(index)} values have no place in the Graph, {extra} of the Graph have no value",
            "build the Graph from the same neighbourhoods, and give NaN where a value is unknown",
        )
    links = sparse.csr_array(graph.sparse)
    if (links.data < 0).any():
        raise InputError("weights must be 0 or more", f"{int((links.data < 0).sum())} under 0", "build the Graph again")
    # The Graph may be in another order than the values: by name, never by place in the row.
    return links[position][:, position]


def _disc_of(values: xr.DataArray, radius: Any) -> Whole:
    """Disc of cells within the radius."""
    if isinstance(radius, bool) or not isinstance(radius, int | float | np.number):
        raise InputError("cells must come with a radius in metres", type(radius).__name__, "give a length such as 300")
    size = float(values.attrs.get("cell_size", np.nan))
    if not size > 0:
        raise InputError("a surface must tell its cell_size", "none", "make it with Grid.counts or hicgeo.kde")
    if not (np.isfinite(radius) and radius >= size):
        raise InputError(
            "the radius must be at least the cell size", f"{radius:g} m on {size:g} m", "take a larger one"
        )
    return disc(min(float(radius) / size, float(max(values.shape))))


def _p_values(z: Array, around: _Around, permutations: int, rng: Rng | None) -> dict[str, Array]:
    """Normal and permutation p-values, each also adjusted for the number of places."""
    normal = 2 * special.ndtr(-np.abs(z))
    drawn = np.full(len(z), np.nan)
    if permutations:
        if rng is None:
            raise InputError("permutations must come with rng", "none", "give a seed, such as rng=1")
        tested = ~np.isnan(z)
        above, below = _tails(around, int(permutations), generator(rng))
        drawn[tested] = np.minimum(1.0, 2 * (1.0 + np.minimum(above, below)) / (1.0 + permutations))[tested]
    return {
        "p_value": normal,
        "p_fdr": false_discovery(normal),
        "p_permutation": drawn,
        "p_permutation_fdr": false_discovery(drawn),
    }


def _tails(around: _Around, permutations: int, rng: np.random.Generator) -> tuple[Whole, Whole]:
    """Of each place, how many draws of its neighbours have a sum at least, and at most, as large as its own."""
    from hicgeo.analysis import _compiled_hotspots as compiled

    n, most = len(around.x), int(around.degree.max())
    ids = np.stack([rng.choice(n, size=min(most + 1, n), replace=False) for _ in range(permutations)])
    if isinstance(around.values, pd.Series):
        # Areas by name, so that a seed gives the same whatever the order of the rows.
        ids = np.argsort(around.values.index[around.known].to_numpy(), kind="stable")[ids]
    slack = 1e-12 * max(1.0, float(np.abs(around.x).max())) * max(most, 1)
    weights, lag = None if around.links is None else around.links, around.lag
    if weights is not None:
        starts = weights.indptr[:-1][around.degree > 0]
        spread = np.zeros(n)
        spread[around.degree > 0] = np.maximum.reduceat(weights.data, starts) - np.minimum.reduceat(
            weights.data, starts
        )
        if (spread > 1e-12 * weights.data.max()).any():
            return compiled.weighted_tails(around.x, lag, weights.indptr, weights.data, ids, slack)
        with np.errstate(divide="ignore", invalid="ignore"):
            lag = np.where(around.degree > 0, lag * around.degree / around.weight, 0.0)
    sums = np.zeros((most + 1, permutations))
    np.cumsum(around.x[ids[:, :most]].T, axis=0, out=sums[1:])
    flat = np.argsort(ids.ravel(), kind="stable")
    draw, place = np.divmod(flat, ids.shape[1])
    begin = np.searchsorted(ids.ravel()[flat], np.arange(n + 1))
    return compiled.conditional_tails(
        around.x, lag, around.degree, ids, sums, np.sort(sums, axis=1), begin, draw, place, slack
    )
