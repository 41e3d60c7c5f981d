"""Colours that everyone can tell apart: simulated colour blindness, a grey copy, and text that can be read."""

import re
from itertools import combinations, pairwise

import numpy as np
import pytest

from hicgeo.output import _layers, _layers_season
from hicgeo.output._layers_operation import OPERATION_COLOURS
from hicgeo.output._layers_targets import TARGET_COLOUR
from hicgeo.output._offline import own_text

# Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113, severity 1.0, on linear RGB
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
SEQUENCES = {"rate": _layers.RATE_COLOURS, "surface": _layers.SURFACE_COLOURS}
GROUPS = {
    "norm": tuple(_layers.NORM_COLOURS.values()),
    "dark": tuple(_layers.DARK_COLOURS.values()),
    "seasons": _layers.GROUP_COLOURS,
    "places": tuple(colour for _, colour in _layers_season.PLACES.values()),
    "operation": tuple(OPERATION_COLOURS.values()),
    "outlines": ("#14181c", TARGET_COLOUR),
}


def linear(colour):
    value = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(colour, sight="normal"):
    """CIE L*a*b* (D65) of a colour as someone with that sight sees it."""
    seen = np.clip(np.asarray(SIGHT[sight]) @ linear(colour), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    share = xyz / np.array([0.95047, 1.0, 1.08883])
    f = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one, other, sight):
    return float(np.linalg.norm(lab(one, sight) - lab(other, sight)))


def test_the_simulation_is_the_published_one():
    assert lab("#ffffff") == pytest.approx([100, 0, 0], abs=0.1)
    assert lab("#ff0000") == pytest.approx([53.2, 80.1, 67.2], abs=0.3)
    # red and green of equal lightness: far apart for most, hardly for the red-green blind
    assert apart("#d01c1c", "#5a7a00", "normal") > 80
    assert apart("#d01c1c", "#5a7a00", "deuteranopia") < 25


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", SEQUENCES)
def test_classes_in_order_are_told_apart_and_get_darker(name, sight):
    colours = SEQUENCES[name]
    assert min(apart(one, other, sight) for one, other in pairwise(colours)) > 11
    lightness = [lab(colour, sight)[0] for colour in colours]
    assert all(lighter - darker > 7 for lighter, darker in pairwise(lightness)), "also in a grey copy"


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", GROUPS)
def test_kinds_are_told_apart(name, sight):
    assert min(apart(one, other, sight) for one, other in combinations(GROUPS[name], 2)) > 11


def contrast(one, other):
    lighter, darker = sorted((float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_text_stands_out_from_its_ground_by_the_ratio_of_wcag_aa():
    css = own_text("page.css")
    named = dict(re.findall(r"--(\w+): (#\w{6})", css))
    banners = re.findall(r"\.(?:confidential|warning|fictional) \{ background: (#\w+); color: (#\w+)", css)
    assert len(banners) == 3
    pairs = [(named[text], named[ground]) for text in ("ink", "soft", "accent") for ground in ("paper", "ground")]
    pairs += [tuple(each if len(each) == 7 else "#ffffff" for each in pair) for pair in banners]
    pairs += [("#ffffff", "#14181c"), ("#ffffff", TARGET_COLOUR)]
    assert {pair: contrast(*pair) for pair in pairs if contrast(*pair) < 4.5} == {}
    # lines and marks need 3 to 1: an outline has a white edge that makes it stand out on any colour
    for colour in ("#14181c", TARGET_COLOUR):
        assert contrast(colour, "#ffffff") > 3
