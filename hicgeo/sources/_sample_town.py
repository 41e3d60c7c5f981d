"""The fictional town of the sample city: borders, blocks, dwellings, businesses, people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.intp]
    Texts = npt.NDArray[np.object_]

MUNICIPALITY = "GM9901"
MUNICIPALITY_NAME = "Voorbeeldstad"
CENTRE = (150_000.0, 520_000.0)
"""In the middle of a lake, so that no map of the sample city can be taken for a real place."""
RADIUS_M = 4_300.0
DWELLINGS = 106_000
BLOCK_M = (104.0, 76.0)
"""Pitch of the street grid; homes stand within 42 x 24 m of the middle of a block."""
SLOTS = 28
MARGIN_M = 70.0
"""From the middle of a block to the border of its buurt: no home or street point of it lies across."""

WIJKEN = {
    "Centrum": ("Grote Markt", "Kerkhof", "Stadhuiskwartier", "Vestingbuurt", "Waaggebied", "Coöperatiehof"),
    "Havenkwartier": ("Ankerbuurt", "Boeienkade", "Loodsenhof", "Scheepswerf", "Stuurmansbuurt", "Zeilmakerskade"),
    "Spoorzone": ("Emplacement", "Locomotiefbuurt", "Perronkwartier", "Seinhuis", "Wisselbuurt", "Wagenmakershof"),
    "Duinrand": ("Duindoornbuurt", "Helmgrasbuurt", "Konijnenberg", "Strandwal", "Vuurtorenbuurt", "Zeeëndhof"),
    "Molenwijk": ("Bovenkruier", "Korenbuurt", "Molenstraatkwartier", "Roggehof", "Tarwebuurt", "Wiekenbuurt"),
    "Oosterveld": ("Akkerbuurt", "Boomgaard", "Hooilandbuurt", "Klaverhof", "Ooievaarsnest", "Weidebuurt"),
    "Zuiderpoort": ("Bastionbuurt", "Citadelhof", "Poortwachtersbuurt", "Ravelijn", "Tolhuisbuurt", "Wallengebied"),
    "Parkstad": ("Beukenhof", "Eikenbuurt", "Fazantenhof", "Kastanjebuurt", "Lindehof", "Vijverbuurt"),
    "Westerkade": ("Bedrijvenpark West", "Kadebuurt", "Pakhuisbuurt", "Sluisbuurt", "Touwslagershof", "Visafslag"),
    "Noorderhof": ("Hofbuurt", "Kruidentuin", "Noordereind", "Orangerie", "Rozenbuurt", "Zonnehof"),
}

# kind of buurt: dwellings (median), share of the blocks built on, evenness of the blocks, businesses per dwelling
KINDS: dict[str, tuple[float, float, float, float]] = {
    "centrum": (2600, 0.80, 1.5, 0.22),
    "stad": (2300, 0.65, 2.0, 0.07),
    "woonwijk": (1850, 0.60, 6.0, 0.05),
    "ruim": (1000, 0.55, 8.0, 0.06),
    "groen": (130, 0.15, 3.0, 0.04),
    "bedrijven": (60, 0.10, 3.0, 0.0),
}
WATER_BUURT = f"BU{MUNICIPALITY[2:]}9997"


@dataclass(frozen=True)
class Town:
    """Everything that stands still, in arrays; `*_buurt` are positions in `codes`."""

    codes: list[str]
    names: list[str]
    wijken: list[str]
    kinds: list[str]
    shapes: Texts
    homes: Floats
    home_buurt: Ints
    home_type: Texts
    home_key: Texts
    shops: Floats
    shop_buurt: Ints
    households: Ints
    residents: Ints


def build_town(rng: np.random.Generator) -> Town:
    """Draw the town: 60 buurten in 10 wijken, a lake, blocks of homes, businesses."""
    ring, sector = _layout()
    shapes = _borders(rng, ring, sector)
    kinds = _kinds(rng, ring, sector)
    order = np.lexsort((np.arange(len(sector)), sector))
    codes = [f"BU{MUNICIPALITY[2:]}{sector[i] + 1:02d}{place % 6:02d}" for place, i in enumerate(order)]
    codes[15] = codes[15][:8] + "AD"  # letters occur in real codes, and readers must live with them
    names = [*(name for buurten in WIJKEN.values() for name in buurten), "Voorbeeldmeer"]
    shapes = np.append(shapes[:-1][order], shapes[-1:])
    kinds = [*(kinds[i] for i in order), "water"]
    homes = _homes(rng, shapes[:-1], kinds[:-1], np.sort(sector))
    count = np.bincount(homes[1], minlength=len(shapes))
    households = _to_five(count * rng.uniform(0.94, 0.99, len(count)))
    residents = _to_five(households * np.where(np.isin(kinds, ("centrum", "stad")), 1.8, 2.35))
    shops, shop_buurt = _shops(rng, shapes[:-1], kinds[:-1], homes[0], homes[1], count)
    wijken = [code[:8].replace("BU", "WK") for code in codes]
    return Town(
        codes=[*codes, WATER_BUURT],
        names=names,
        wijken=[*wijken, f"WK{MUNICIPALITY[2:]}99"],
        kinds=kinds,
        shapes=shapes,
        homes=homes[0],
        home_buurt=homes[1],
        home_type=homes[2],
        home_key=homes[3],
        shops=shops,
        shop_buurt=shop_buurt,
        households=households,
        residents=residents,
    )


def _to_five(values: Any) -> Ints:
    """Round to multiples of five, as CBS publishes people and households."""
    return (5 * np.round(np.asarray(values) / 5)).astype(np.intp)


def _layout() -> tuple[Ints, Ints]:
    """Ring (0 is the centre) and wijk (0..9) of 60 buurten: a centre of 6 and 9 sectors of 1 + 2 + 3."""
    ring = np.repeat([0, 1, 2, 3, 4], [1, 5, 9, 18, 27])
    sector = np.concatenate([np.zeros(6, int), 1 + np.arange(9), 1 + np.arange(18) // 2, 1 + np.arange(27) // 3])
    return ring.astype(np.intp), sector.astype(np.intp)


def _kinds(rng: np.random.Generator, ring: Ints, sector: Ints) -> list[str]:
    """Give each buurt a kind: dense near the centre, spacious at the edge, one industrial estate, some green."""
    wish = np.array(["centrum", "centrum", "stad", "woonwijk", "ruim"], dtype=object)[ring]
    edge = np.flatnonzero(ring == 4)
    wish[rng.choice(edge, 9, replace=False)] = "woonwijk"
    wish[rng.choice(np.flatnonzero(ring == 3), 5, replace=False)] = "stad"
    wish[edge[sector[edge] == 8][:2]] = "bedrijven"
    wish[rng.choice(edge[sector[edge] != 8], 2, replace=False)] = "groen"
    return [str(kind) for kind in wish]


def _borders(rng: np.random.Generator, ring: Ints, sector: Ints) -> Texts:
    """Polygons of the 60 buurten and the lake, on whole metres, sharing their borders exactly."""
    import shapely

    while True:
        shapes = _draw_borders(rng, ring, sector)
        if shapes is not None and shapely.coverage_is_valid(shapes):
            return shapes


def _draw_borders(rng: np.random.Generator, ring: Ints, sector: Ints) -> Texts | None:
    """Try `_borders` once; a sliver between lines that nearly meet spoils one town in a hundred.

    The borders are drawn once, as lines, bent once, rounded once, and only then made into faces:
    neighbours cannot differ. The bend is a sum of waves whose gradients add up to less than one,
    hence one-to-one, so no border can cross another but for the rounding.
    """
    import shapely

    radius = RADIUS_M * np.array([0.0, 0.205, 0.41, 0.625, 0.875])[ring]
    members = np.bincount(ring)
    place = np.concatenate([np.arange(n) for n in members])
    angle = 2 * np.pi * (place + 0.5) / members[ring]
    seeds = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    seeds += rng.uniform(-0.17, 0.17, seeds.shape) * RADIUS_M * np.sqrt(np.pi / 60)

    town = shapely.Point(0, 0).buffer(RADIUS_M, quad_segs=24)
    west, east = np.deg2rad([105.0, 165.0])
    arc = np.linspace(west, east, 13)
    lake = shapely.Polygon([(0, 0), *zip(1.35 * RADIUS_M * np.cos(arc), 1.35 * RADIUS_M * np.sin(arc), strict=True)])
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=town, only_edges=True)
    # each line runs 20 m past the town's edge, where all are noded together; polygonize drops the loose ends
    inside, outside = cells.intersection(town.buffer(20)), lake.exterior.difference(town.buffer(-20))
    lines = shapely.get_parts(shapely.union_all([inside, town.exterior, outside]))
    faces = shapely.get_parts(shapely.polygonize(lines))
    bend = _bend(rng)
    bent = shapely.transform(shapely.segmentize(lines, 35.0), lambda xy: np.round(bend(xy) + CENTRE))
    drawn = shapely.normalize(shapely.get_parts(shapely.polygonize(bent)))
    if not len(faces) == len(drawn) == len(seeds) + 1:
        return None

    middle = shapely.get_coordinates(shapely.point_on_surface(faces))
    owner = np.argmin(((middle[:, None, :] - seeds[None, :, :]) ** 2).sum(2), axis=1)
    owner[~shapely.contains_xy(town, middle)] = len(seeds)
    face, drawing = shapely.STRtree(drawn).query(shapely.points(bend(middle) + CENTRE), predicate="within")
    shapes = np.empty(len(seeds) + 1, dtype=object)
    shapes[owner[face]] = drawn[drawing]
    return shapes


def _bend(rng: np.random.Generator) -> Any:
    """Make a one-to-one deformation of the plane: eight waves, gradients adding up to 0.96."""
    length = np.repeat([5000.0, 1800.0, 900.0, 450.0], 2)
    size = np.repeat([0.22, 0.22, 0.27, 0.25], 2) / 2 * length / (2 * np.pi)
    heading, shift, phase = rng.uniform(0, 2 * np.pi, (3, len(length)))
    wave = 2 * np.pi / length * np.array([np.cos(heading), np.sin(heading)])
    push = size * np.array([np.cos(shift), np.sin(shift)])

    def bend(xy: Floats) -> Floats:
        return np.asarray(xy + np.sin(xy @ wave + phase) @ push.T)

    return bend


def _blocks(rng: np.random.Generator, shape: Any, angle: float) -> Floats:
    """Middles of the blocks of a buurt on its wijk's street grid, the best places to build first."""
    import shapely

    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    core = shape.buffer(-MARGIN_M)
    west, south, east, north = shape.bounds
    reach = np.hypot(east - west, north - south) / 2
    middle = np.array([(west + east) / 2, (south + north) / 2])
    i, j = (np.arange(-int(reach // pitch) - 1, int(reach // pitch) + 2) * pitch for pitch in BLOCK_M)
    grid = np.stack(np.meshgrid(i, j), axis=-1).reshape(-1, 2) @ turn + middle
    shapely.prepare(core)
    grid = grid[shapely.contains_xy(core, grid)]
    heading, phase = rng.uniform(0, 2 * np.pi, (2, 3))
    wave = 2 * np.pi / np.array([900.0, 600.0, 450.0]) * np.array([np.cos(heading), np.sin(heading)])
    emptiness = np.sin((grid - middle) @ wave + phase).sum(1) + rng.normal(0, 0.4, len(grid))
    return np.asarray(grid[np.argsort(emptiness, kind="stable")])


def _street_angle(wijk: int) -> float:
    return float(np.deg2rad(11 + 17 * wijk))


def _homes(rng: np.random.Generator, shapes: Texts, kinds: list[str], wijk: Ints) -> tuple[Floats, Ints, Texts, Texts]:
    """Dwellings in two rows a block; where a block has more than its slots, they stand on top of each other."""
    median = np.array([KINDS[kind][0] for kind in kinds]) * rng.lognormal(0, 0.22, len(kinds))
    small = np.isin(kinds, ("bedrijven", "groen"))
    quota = np.round(np.where(small, median, median * DWELLINGS / median[~small].sum())).astype(int)
    quota[int(np.argmax(np.array(kinds) == "bedrijven"))] = 12  # too small for any rate
    parts: list[tuple[Floats, int, Ints, float]] = []
    for area, (shape, kind) in enumerate(zip(shapes, kinds, strict=True)):
        _, share, evenness, _ = KINDS[kind]
        blocks = _blocks(rng, shape, _street_angle(int(wijk[area])))
        blocks = blocks[: max(1, round(share * len(blocks)))]
        weight = rng.gamma(evenness, size=len(blocks))
        parts.append(
            (blocks, area, rng.multinomial(quota[area], weight / weight.sum()), _street_angle(int(wijk[area])))
        )
    middle = np.concatenate([blocks for blocks, *_ in parts])
    area_of = np.concatenate([np.full(len(n), area) for _, area, n, _ in parts])
    angle_of = np.concatenate([np.full(len(n), angle) for _, _, n, angle in parts])
    size = np.concatenate([n for _, _, n, _ in parts])

    block = np.repeat(np.arange(len(size)), size)
    number = np.arange(len(block)) - np.repeat(np.cumsum(size) - size, size)
    slots = np.minimum(size, SLOTS)[block]
    slot = number % slots
    row_length = (slots + 1) // 2
    along = -42 + 84 * (slot // 2 + 0.5) / row_length
    across = np.where(slot % 2 == 0, -22.0, 22.0)
    angle = angle_of[block]
    offset = np.column_stack(
        [along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)]
    )
    xy = np.round(middle[block] + offset, 2)
    spacious = np.array(kinds)[area_of[block]] == "ruim"
    end = (slot < 2) | (slot >= slots - 2)
    house = np.where(spacious, np.where(slot % 4 < 2, "vrijstaand", "twee-onder-een-kap"), "tussenwoning")
    house = np.where(~spacious & end, "hoekwoning", house)
    home_type = np.where(size[block] > SLOTS * 1.5, "appartement", house).astype(object)
    key = np.array([f"VB-{b:06d}-{n:02d}" for b, n in zip(block + 1, number + 1, strict=True)], dtype=object)
    return xy, area_of[block].astype(np.intp), home_type, key


def _shops(
    rng: np.random.Generator, shapes: Texts, kinds: list[str], homes: Floats, home_buurt: Ints, dwellings: Ints
) -> tuple[Floats, Ints]:
    """Place business premises: among the homes, and on the estate on ground where nobody lives."""
    points: list[Floats] = []
    owner: list[Ints] = []
    for area, kind in enumerate(kinds):
        if kind == "bedrijven":
            n = int(_to_five(rng.uniform(450, 750)))
            ground, spread = _blocks(rng, shapes[area], _street_angle(8)), 30.0
        else:
            n = int(_to_five(dwellings[area] * KINDS[kind][3] * rng.uniform(0.8, 1.2)))
            ground, spread = homes[home_buurt == area], 8.0
        points.append(ground[rng.integers(0, len(ground), n)] + rng.uniform(-spread, spread, (n, 2)))
        owner.append(np.full(n, area, dtype=np.intp))
    return np.asarray(np.round(np.concatenate(points), 2)), np.concatenate(owner)
