# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look of the page: one palette for light and for dark, signs with a shape of their own for each state."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.keylink.aws.plugins.module_utils.core.markup import element
from ansible_collections.keylink.aws.plugins.module_utils.resources.report.words import (
    ABSENT,
    BAD,
    HUMAN,
    OK,
    PLAN,
    UNKNOWN,
    WARN,
)

# Name -> in the light, in the dark. "x-soft" is the ground under text in "x".
PALETTE = {
    "page": ("#f4f5f7", "#0d1117"),
    "card": ("#ffffff", "#161b22"),
    "ink": ("#161b22", "#e9edf2"),
    "muted": ("#57606d", "#9ba6b4"),
    "rule": ("#d9dee5", "#2d343e"),
    "frame": ("#f9fafb", "#11161d"),
    "ok": ("#176e43", "#55c98c"),
    "ok-soft": ("#e6f4ec", "#12291e"),
    "bad": ("#b3202a", "#ff8a86"),
    "bad-soft": ("#fdecec", "#371a1d"),
    "warn": ("#8a5200", "#f0b652"),
    "warn-soft": ("#fff3dc", "#322612"),
    "unknown": ("#55606e", "#a6b1bf"),
    "unknown-soft": ("#eceff3", "#222932"),
    "human": ("#6a3a9c", "#c4a2f2"),
    "human-soft": ("#f3ebfb", "#2a1f3a"),
    "plan": ("#2053bd", "#8fb4ff"),
    "plan-soft": ("#e9f0fd", "#172441"),
    "absent": ("#55606e", "#a6b1bf"),
    "absent-soft": ("#f4f5f7", "#161b22"),
}
STATES = (OK, BAD, WARN, UNKNOWN, HUMAN, PLAN, ABSENT)

_CIRCLE = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1z"
_OCTAGON = "M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z"
_TRIANGLE = "M8 1.2 15.4 14.6H.6z"
_SQUARE = "M2 2h12v12H2z"
# State -> its ground, and what stands on it.
_SIGNS = {
    OK: (_CIRCLE, "M4.6 8.3 7 10.7l4.5-5"),
    BAD: (_OCTAGON, "M5.3 5.3l5.4 5.4m0-5.4-5.4 5.4"),
    WARN: (_TRIANGLE, "M8 6v4m0 2v.4"),
    UNKNOWN: (_CIRCLE, "M6 6.3c0-2.6 4-2.6 4 0C10 7.8 8 7.8 8 9.4m0 2v.4"),
    HUMAN: (_SQUARE, "M8 4.2v.6M5.2 7.2h5.6M8 7.2v2.2m-1.8 3L8 9.4l1.8 3"),
    PLAN: (_CIRCLE, "M8 4.8v6.4M4.8 8h6.4"),
    ABSENT: (_CIRCLE, "M4.8 8h6.4"),
}

_COMMON = """
*{box-sizing:border-box}
html{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
background:var(--page);color:var(--ink);-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1400px;padding:20px 24px 64px;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.25;margin:0}
h1{font-size:1.35rem}
h2{font-size:1.15rem;margin-bottom:12px}
h3{font-size:1rem;margin:28px 0 10px}
p,ol,ul,dl{margin:0}
a{color:var(--plan)}
code,.mono{font:0.86em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
.muted{color:var(--muted)}
.sign{width:1.15em;height:1.15em;flex:none;vertical-align:-.2em}
.ground{fill:currentColor}
.mark{fill:none;stroke:var(--card);stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.state{display:inline-flex;gap:.4em;align-items:center;white-space:nowrap;font-weight:600}
.pill{border-radius:99px;padding:1px 10px 1px 6px;font-size:.86rem}
.top{display:flex;gap:8px 24px;align-items:baseline;justify-content:space-between;flex-wrap:wrap;margin-bottom:14px}
.top p{font-size:.9rem;color:var(--muted)}
.themes{border:0;padding:0;margin:0;font-size:.86rem;display:flex;gap:2px;align-self:center}
.themes legend,.choice legend{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.themes label,.choice label{padding:3px 11px;border-radius:99px;cursor:pointer;border:1px solid transparent}
.themes input,.choice input{position:absolute;opacity:0;width:1px;height:1px}
.themes label:has(:checked),.choice label:has(:checked){background:var(--card);border-color:var(--rule);font-weight:600}
.themes label:has(:focus-visible),.choice label:has(:focus-visible){outline:2px solid var(--plan)}
.verdict{border-radius:14px;padding:24px 28px;display:flex;gap:20px;align-items:center;margin-bottom:20px;
border:1px solid var(--state);background:var(--soft);flex-wrap:wrap}
.verdict>.sign{width:52px;height:52px}
.verdict h2{font-size:1.7rem;margin:0;color:var(--state)}
.verdict .words{flex:1 1 320px}
.verdict p{margin-top:4px;font-size:1.05rem}
.figures{display:flex;gap:8px 26px;flex-wrap:wrap}
.figures div{text-align:left}
.figures dd{margin:0;font-size:1.6rem;font-weight:700;line-height:1.1;font-variant-numeric:tabular-nums}
.figures dt{font-size:.82rem;color:var(--muted)}
.panel{background:var(--card);border:1px solid var(--rule);border-radius:14px;padding:22px 26px;margin-bottom:20px}
.panel h3:first-child,.panel>div>h3:first-child{margin-top:0}
.tiles+h2{margin-top:24px}
.panel div>h3.muted{margin:14px 0 0;font-size:.86rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(178px,1fr));gap:10px;list-style:none;padding:0;
margin:8px 0 0}
.tiles.big{grid-template-columns:repeat(auto-fill,minmax(280px,1fr))}
.tile{display:block;height:100%;border:1px solid var(--rule);border-left:5px solid var(--state);border-radius:9px;
padding:9px 12px;text-decoration:none;color:var(--ink);background:var(--soft);font-size:.86rem;line-height:1.4}
.tile.ok{background:var(--card)}
.tile b{display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden;font-size:1rem}
.tile>span:not(.state,.muted){display:-webkit-box;-webkit-line-clamp:3;-webkit-box-orient:vertical;overflow:hidden}
.tile .state{color:var(--state)}
.tile span{display:block}
.tile .state{display:flex}
.tile:hover{border-color:var(--state)}
.todo{list-style:none;padding:0;display:grid;gap:10px;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr))}
.todo>li:has(ol){grid-column:1/-1}
.todo>li{display:flex;gap:12px;border:1px solid var(--rule);border-left:5px solid var(--state);border-radius:9px;
padding:12px 16px;background:var(--soft)}
.todo>li>.sign{margin-top:3px;color:var(--state)}
.todo .what{font-weight:600}
.todo ol{padding-left:1.4em;margin-top:6px}
.todo .fix{margin-top:3px}
.more{margin-top:10px}
.todo .more{margin-top:3px;font-size:.86rem}
.num{font-weight:700;border:1px solid var(--rule);border-radius:6px;padding:0 6px;font-size:.82em;
background:var(--card);white-space:nowrap;color:var(--ink)}
.mapbox{overflow:hidden}
.map{display:block;max-width:100%;height:auto}
.map.narrow{display:none;width:460px;margin:0 auto}
.map text{fill:var(--ink)}
.map .heading,.map .kind{font-size:11.5px;fill:var(--muted);font-weight:600}
.map .title{font-size:14px;font-weight:600}
.map .line{font:12px ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
.map .fault{font-size:12px;fill:var(--state)}
.map .frame{fill:var(--frame);stroke:var(--rule)}
.map .box{fill:var(--card);stroke:var(--state);stroke-width:1.2}
.map .bad .box,.map .warn .box{fill:var(--soft);stroke-width:1.8}
.map .ok .box{stroke:var(--rule)}
.map .unknown .box{stroke-dasharray:2 3}
.map .plan .box,.map .absent .box,.map .dashed{stroke-dasharray:7 5}
.map .plan .box{fill:var(--soft)}
.map use{color:var(--state)}
.map .lane,.map .link,.map .arrow,.map .head{fill:none;stroke:var(--muted);stroke-width:1.6;stroke-linejoin:round}
.map path.bad{stroke:var(--bad);stroke-dasharray:4 4}
.map path.head.bad{stroke-dasharray:none}
.map path.plan,.map path.absent,.map path.unknown{stroke-dasharray:7 5}
.map path.plan{stroke:var(--plan)}
.map .cross{color:var(--bad)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:12px;font-size:.86rem;color:var(--muted);list-style:none;
padding:0}
.legend .sign{color:var(--state)}
.choice{border:0;padding:0;margin:0 0 8px;display:flex;flex-wrap:wrap;gap:2px;font-size:.9rem}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th{text-align:left;font-size:.82rem;color:var(--muted);font-weight:600;border-bottom:1px solid var(--rule)}
td{border-bottom:1px solid var(--rule)}
td,th{padding:8px 14px 8px 0;vertical-align:top}
td p+p{margin-top:3px}
.requirements td:first-child,.requirements td:nth-child(2),.requirements td:last-child{white-space:nowrap}
.table:has(.pick-unmet:checked) tr:not(.unmet,.head),.table:has(.pick-unknown:checked) tr:not(.unknown,.head),
.table:has(.pick-human:checked) tr:not(.human,.head),.table:has(.pick-met:checked) tr:not(.met,.head){display:none}
.requirements .state{color:var(--state)}
.bar{display:block;height:8px;border-radius:4px;background:var(--rule);min-width:120px;margin-top:6px;overflow:hidden}
.bar i{display:block;height:100%;background:var(--state)}
.timeline{list-style:none;padding:0;border-left:2px solid var(--rule);margin-left:8px;display:grid;gap:10px}
.timeline li{padding-left:20px;position:relative}
.timeline .sign{position:absolute;left:-9px;top:4px;width:16px;height:16px;color:var(--state);background:var(--card)}
.actions{list-style:none;padding:0}
.actions>li{padding:5px 0;border-bottom:1px solid var(--rule)}
.actions .state{color:var(--state);min-width:6.4em}
details>summary{cursor:pointer}
.store{padding:12px 22px;margin-bottom:8px}
.store>div{scroll-margin-top:72px}
body>h2{margin:28px 0 12px}
.store>summary{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:center;list-style:none}
.store>summary::-webkit-details-marker{display:none}
.store>summary::before{content:"";border:5px solid transparent;border-left-color:var(--muted);margin-right:-6px}
.store[open]>summary::before{transform:rotate(90deg) translate(2px,2px)}
.store>summary h2{margin:0;max-width:100%;display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;
overflow:hidden}
.store[open]>summary{margin-bottom:20px}
.store>summary .pill{background:var(--soft);color:var(--state)}
pre{margin:6px 0 4px;padding:10px 14px;background:var(--frame);border:1px solid var(--rule);border-radius:8px;
white-space:pre-wrap;font:.84rem/1.5 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.plus{color:var(--ok)}
.minus{color:var(--bad)}
.tilde{color:var(--plan)}
footer{color:var(--muted);font-size:.86rem}
@media (max-width:900px){.map.wide{display:none}.map.narrow{display:block}}
@media (max-width:640px){
body{padding:12px 12px 48px}
.panel{padding:16px 14px}
.verdict{padding:18px 16px;gap:12px}
.verdict>.sign{width:38px;height:38px}
.verdict h2{font-size:1.3rem}
.verdict .words{flex-basis:220px}
.tiles{grid-template-columns:repeat(auto-fill,minmax(145px,1fr))}
.tiles.big{grid-template-columns:1fr}
table,tbody,tr,td{display:block}
tr.head{display:none}
td{border:0;padding:2px 0}
.requirements td:first-child,.requirements td:nth-child(2){display:inline-block;margin-right:8px}
tr{border-bottom:1px solid var(--rule);padding:8px 0}
}
@media print{
html{font-size:11px;background:#fff}
body{max-width:none;padding:0}
.themes,.choice{display:none}
.panel,.todo>li,.tile,tr,.map{break-inside:avoid}
.panel{border:0;padding:0}
details::details-content{content-visibility:visible;display:block;height:auto}
.verdict,.tile,.todo>li{print-color-adjust:exact}
.map.wide{display:block}.map.narrow{display:none}
}
"""


def sheet() -> str:
    """The style sheet. A browser too old for light-dark() shows the page in the light."""
    light = "".join(f"--{name}:{pair[0]};" for name, pair in PALETTE.items())
    both = "".join(f"--{name}:light-dark({pair[0]},{pair[1]});" for name, pair in PALETTE.items())
    states = "\n".join(f".{state}{{--state:var(--{state});--soft:var(--{state}-soft)}}" for state in STATES)
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@supports (color:light-dark(red,red)){{:root{{{both}}}}}\n"
        ":root:has(#theme-light:checked){color-scheme:light}\n"
        ":root:has(#theme-dark:checked){color-scheme:dark}\n"
        f"@media print{{:root,:root:has(#theme-dark:checked){{color-scheme:light}}}}\n{states}{_COMMON}"
    )


def signs() -> ET.Element:
    """The sign of each state, to be used by name."""
    symbols = [
        element(
            "symbol",
            element("path", d=ground, class_="ground"),
            element("path", d=mark, class_="mark"),
            id=f"sign-{state}", viewBox="0 0 16 16",
        )
        for state, (ground, mark) in _SIGNS.items()
    ]
    return element("svg", symbols, width=0, height=0, aria_hidden="true", style="position:absolute")
