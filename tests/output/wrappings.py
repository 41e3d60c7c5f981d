"""Places of incidents as programs write them: notations, codes and wrappings, without those programs."""

import base64
import gzip
import html
import json
import math
import struct
import urllib.parse
import zlib

import numpy as np
import shapely
from pyproj import Transformer

BASE32, BASE20 = "0123456789bcdefghjkmnpqrstuvwxyz", "23456789CFGHJMPQRVWX"


def in_degrees(xy, crs=4326):
    return np.column_stack(Transformer.from_crs(28992, crs, always_xy=True).transform(*np.asarray(xy).T))


def b64(raw):
    return base64.b64encode(raw).decode()


def geohash(lon, lat, digits=9):
    low, high, code, axis = [-180.0, -90.0], [180.0, 90.0], "", 0
    for _ in range(digits):
        value = 0
        for _ in range(5):
            middle = (low[axis] + high[axis]) / 2
            up = (lon, lat)[axis] >= middle
            (low if up else high)[axis] = middle
            value, axis = value * 2 + up, 1 - axis
        code += BASE32[value]
    return code


def plus_code(lon, lat):
    y, x, code, step = lat + 90, lon + 180, "", 20.0
    for _ in range(5):
        code += BASE20[int(y / step)] + BASE20[int(x / step)]
        y, x, step = y % step, x % step, step / 20
    return f"{code[:8]}+{code[8:]}{BASE20[int(y / (step * 20 / 5)) * 4 + int(x / (step * 20 / 4))]}"


def quadkey(lon, lat, level=22):
    x = (lon + 180) / 360 * 2**level
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**level
    return "".join(str((int(x) >> n & 1) + 2 * (int(y) >> n & 1)) for n in reversed(range(level)))


def mgrs(east, north):
    row = "ABCDEFGHJKLMNPQRSTUV"[int(north // 100_000) % 20]
    return f"31U{'ABCDEFGH'[int(east // 100_000) - 1]}{row}{int(east % 100_000):05d}{int(north % 100_000):05d}"


def polyline(lonlat):
    out, before = "", (0, 0)
    for lon, lat in lonlat:
        now = round(lat * 1e5), round(lon * 1e5)
        for new, old in zip(now, before, strict=True):
            value = (new - old) << 1
            value = ~value if value < 0 else value
            while value >= 32:
                out, value = out + chr((32 | value & 31) + 63), value >> 5
            out += chr(value + 63)
        before = now
    return out


def wrapped(xy):
    """By name: a piece of a page that holds these places (metres in RD)."""
    xy = np.asarray(xy)
    x, y = xy.T
    degrees = in_degrees(xy)
    lon, lat = degrees.T
    plain = ";".join(f"{a:.1f},{b:.1f}" for a, b in xy)
    rows = [f"{a:.6f}, {b:.6f}" for b, a in degrees]
    geojson = json.dumps([[round(a, 6), round(b, 6)] for a, b in degrees])
    order, point = np.argsort(x), shapely.points(*degrees[0])
    text = f"tEXtplaces\0{plain}".encode("latin-1")
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (b"IHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0), text,
                      b"IDAT" + zlib.compress(b"\0\0"), b"IEND")
    )  # fmt: skip

    def minutes(value, digits):
        return f"{int(value)}°{(value - int(value)) * 60:0{digits + 3}.{digits}f}'"

    def script(data):
        return f'<script type="application/json">{data}</script>'

    def columns(kind, first=lon, second=lat):
        return [b64(np.asarray(each).astype(kind).tobytes()) for each in (first, second)]

    f8 = columns("<f8")
    zones = {crs: in_degrees(xy, crs) for crs in (3857, 32632, 3035)}
    return {
        # wrapped
        "base64": f"<p data-a='{b64(plain.encode())}'></p>",
        "base64 twice": f"<p>{b64(b64(plain.encode()).encode())}</p>",
        "base64 without its end": f"<p>{b64(plain.encode()).rstrip('=')}</p>",
        "base64 in lines": f"<pre>{base64.encodebytes(plain.encode()).decode()}</pre>",
        "base64 for addresses": f"<p>{base64.urlsafe_b64encode(geojson.encode()).decode()}</p>",
        "gzip in base64": f"<p>{b64(gzip.compress(geojson.encode(), mtime=0))}</p>",
        "zlib in base64": f"<p>{b64(zlib.compress(plain.encode()))}</p>",
        "deflate in base64": f"<p>{b64(zlib.compress(plain.encode(), wbits=-15))}</p>",
        "zlib in gzip in base64": f"<p>{b64(gzip.compress(zlib.compress(plain.encode())))}</p>",
        "address with data": f"<a href='data:text/csv;base64,{b64(plain.encode())}'>a</a>",
        "address in percents": f"<a href='data:text/csv,{urllib.parse.quote(plain, safe='')}'>a</a>",
        "every sign in percents": "<p>" + "".join(f"%{ord(sign):02X}" for sign in rows[0]) + "</p>",
        "entities": "<p>" + "".join(f"&#{ord(sign)};" for sign in rows[0]) + "</p>",
        "entities in hexadecimal": "<p>" + "".join(f"&#x{ord(sign):x};" for sign in rows[0]) + "</p>",
        "escapes of scripts": "<script>a='" + "".join(f"\\u{ord(sign):04x}" for sign in rows[0]) + "'</script>",
        "short escapes": "<script>a='" + "".join(f"\\x{ord(sign):02x}" for sign in rows[0]) + "'</script>",
        "escapes of styles": "<style>p:after{content:'" + "".join(f"\\{ord(s):04x} " for s in rows[0]) + "'}</style>",
        "codes of signs": f"<script>String.fromCharCode({','.join(str(ord(sign)) for sign in plain)})</script>",
        "bytes as numbers": script(json.dumps({"a": list(gzip.compress(plain.encode(), mtime=0))})),
        "hexadecimal": f"<p>{plain.encode().hex()}</p>",
        "page in a page": f'<iframe srcdoc="{html.escape("<p>" + html.escape(plain) + "</p>")}"></iframe>',
        "JSON in JSON": script(json.dumps(json.dumps({"x": x.tolist(), "y": y.tolist()}))),
        "remark": f"<!-- {plain} -->",
        "attribute": f'<p title="{plain}">a</p>',
        "hidden field": f'<input type="hidden" value="{plain}">',
        "style": f"<style>p{{--a:{plain}}}</style>",
        "tags between digits": f"<p>{''.join(f'<b>{sign}</b>' for sign in rows[0])}</p>",
        "nothing between digits": "<p>" + "\u200b".join(rows[0]) + "</p>",
        "text in a picture": f'<img src="data:image/png;base64,{b64(png)}">',
        # numbers
        "exponents": f"<p>{x[0]:.6e} {y[0]:.6e}</p>",
        "whole in hexadecimal": f"<p>0x{round(x[0]):x}, 0x{round(y[0]):X}</p>",
        "spaces between thousands": f"<p>{x[0]:,.1f} / {y[0]:,.1f}</p>".replace(",", "\u202f"),
        "apostrophes": f"<p>{x[0]:,.1f} / {y[0]:,.1f}</p>".replace(",", "'"),
        "low dashes": f"<script>[{round(x[0]):_},{round(y[0]):_}]</script>",
        "letters in front": f"<p>X{x[0]:.1f} Y{y[0]:.1f}</p>",
        "minutes": f"<p>{minutes(lat[0], 4)} N {minutes(lon[0], 4)} E</p>",
        "minutes behind spaces": f"<p>{int(lat[0])} {lat[0] % 1 * 60:.4f} N, {int(lon[0])} {lon[0] % 1 * 60:.4f} E</p>",
        "receiver": f"<p>$GPGGA,{int(lat[0])}{lat[0] % 1 * 60:07.4f},N,"
                    f"{int(lon[0]):03d}{lon[0] % 1 * 60:07.4f},E</p>",
        "four decimals": f"<p>{lat[0]:.4f} {lon[0]:.4f}</p>",
        "whole degrees times ten million": script(json.dumps((degrees * 1e7).round().astype(int).tolist())),
        "millimetres": script(json.dumps((xy * 1000).round().astype(int).tolist())),
        "kilometres": f"<p>{x[0] / 1000:.3f} {y[0] / 1000:.3f}</p>",
        "zone 32": f"<p>{zones[32632][0, 0]:.1f} {zones[32632][0, 1]:.1f}</p>",
        "LAEA": f"<p>{zones[3035][0, 0]:.1f} {zones[3035][0, 1]:.1f}</p>",
        # codes
        "geohash": f"<p>{geohash(lon[0], lat[0])}</p>",
        "plus code": f"<p>{plus_code(lon[0], lat[0])}</p>",
        "end of a plus code": f"<p>{plus_code(lon[0], lat[0])[4:]} Den Haag</p>",
        "grid reference": f"<p>{mgrs(*in_degrees(xy[:1], 32631)[0])}</p>",
        "key of a tile": f"<p>{quadkey(lon[0], lat[0])}</p>",
        "line as Google writes it": f"<script>a={json.dumps(polyline(degrees))}</script>",
        "WKB": f"<p>{shapely.to_wkb(shapely.points(*xy[0])).hex()}</p>",
        "EWKB": f"<p>{shapely.to_wkb(shapely.set_srid(point, 4326), include_srid=True).hex()}</p>",
        "WKB in base64": f"<p>{b64(shapely.to_wkb(shapely.multipoints(xy)))}</p>",
        # lists of x and of y apart
        "two lists": script(json.dumps({"x": x.tolist(), "y": y.tolist()})),
        "lists in code": f"<script>var lat=[{','.join(f'{v:.5f}' for v in lat)}];\n/* {'-' * 99} */\n"
                         f"var lon=[{','.join(f'{v:.5f}' for v in lon)}];</script>",
        "lists by row": script(json.dumps({name: dict(enumerate(each)) for name, each in (("x", x), ("y", y))})),
        "rows with a text between": script(json.dumps([{"x": a, "t": "t" * 60, "y": b} for a, b in xy.tolist()])),
        "rows in lists": script(json.dumps([[n, a, "t" * 60, b] for n, (a, b) in enumerate(xy.tolist())])),
        "plotly": f'<script>P.newPlot("a",[{{"lon":{{"dtype":"f8","bdata":"{f8[0]}"}},'
                  f'"lat":{{"dtype":"f8","bdata":"{f8[1]}"}}}}])</script>',
        "plotly, single precision": script(json.dumps([{"bdata": each} for each in columns("<f4", x, y)])),
        "bokeh": script(json.dumps({"type": "map", "entries": [
            [name, {"type": "ndarray", "array": {"type": "bytes", "data": each}, "dtype": "float64", "order": "little"}]
            for name, each in zip("xy", columns("<f8", *zones[3857].T), strict=True)]})),
        "bokeh, lists": script(json.dumps({"entries": [["x", x.tolist()], ["y", y.tolist()]]})),
        "x and y in turn": script(json.dumps([{"bdata": b64(degrees.astype("<f4").tobytes())}])),
        "the other end first": f"<p>{b64(xy.astype('>f8').tobytes())}</p>",
        "whole numbers": f"<p>{b64((degrees * 1e6).round().astype('<i4').tobytes())}</p>",
        "table": "<table>" + "".join(f"<tr><td style='{'a' * 50}'>{a}</td><td>{'t' * 50}</td><td>{b}</td></tr>"
                                     for a, b in xy) + "</table>",
        "differences": script(json.dumps({"x": np.diff(x[order], prepend=0).round(1).tolist(),
                                          "y": np.diff(y[order], prepend=0).round(1).tolist()})),
        "differences in turn": script(json.dumps(np.diff(xy, axis=0, prepend=0).round(1).ravel().tolist())),
        "one list alone": script(json.dumps(np.random.default_rng(0).permutation(x).tolist())),
        "one list alone, in print": "<p>" + " ".join(f"{v:.2f}" for v in sorted(y)) + "</p>",
        "one list of degrees alone": f"<p>{b64(np.sort(lon).astype('<f8').tobytes())}</p>",
        "drawing": "<svg><g>" + "".join(
            f'<use href="#a" x="{(a - 79_000) / 10:.3f}" y="{(460_000 - b) / 10:.3f}"/>' for a, b in xy
        ) + "</g></svg>",
    }  # fmt: skip
