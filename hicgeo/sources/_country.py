"""Where the Netherlands are, coarsely: enough to tell a place abroad or at sea from one at home."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# fmt: off
OUTLINE_KM = (
    (201, 305), (174, 306), (170, 320), (176, 327), (181, 349), (166, 357), (162, 362), (143, 361), (135, 368), (134,
    373), (129, 378), (123, 376), (108, 380), (94, 379), (90, 373), (78, 373), (64, 360), (50, 355), (43, 357), (40,
    363), (32, 366), (26, 361), (17, 361), (12, 369), (13, 379), (23, 385), (17, 394), (18, 398), (33, 406), (36,
    418), (45, 422), (48, 428), (56, 433), (55, 442), (56, 446), (67, 449), (87, 473), (95, 493), (95, 499), (99,
    504), (102, 530), (107, 546), (104, 555), (108, 566), (118, 584), (136, 595), (141, 603), (167, 609), (173, 612),
    (199, 610), (205, 615), (221, 618), (229, 622), (238, 619), (242, 613), (255, 610), (259, 598), (270, 595), (273,
    589), (279, 587), (280, 559), (271, 537), (270, 518), (267, 515), (252, 516), (249, 505), (252, 500), (266, 500),
    (272, 489), (270, 479), (272, 472), (260, 463), (257, 458), (251, 455), (251, 452), (256, 447), (257, 443), (249,
    433), (239, 432), (225, 425), (214, 429), (209, 426), (202, 427), (199, 424), (204, 412), (208, 409), (208, 403),
    (215, 393), (216, 379), (216, 374), (208, 363), (213, 356), (212, 351), (198, 340), (207, 326),
)
# fmt: on
"""Corners in RD, in whole kilometres: round all land, waters between the islands and estuaries, with a margin.

The margin to the land is 0.8 to some 4 km: a place just over the border passes, and shows as *outside* when incidents
are assigned to neighbourhoods. Derived from the municipal borders of 2022 (CBS), which a test holds it against.
"""


def in_country(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether points in RD lie within the outline; NaN does not."""
    import shapely

    outline = shapely.Polygon(np.array(OUTLINE_KM) * 1000)
    shapely.prepare(outline)
    return np.asarray(shapely.contains_xy(outline, x, y), bool)
