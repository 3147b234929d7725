/** The style sheet of the HTML report: light and dark, from phones to wide screens, and for paper. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
  --background: #f6f7f9; --surface: #ffffff; --sunken: #f3f5f7; --text: #14181d; --muted: #5a6472;
  --line: #e2e6eb; --line-strong: #c3cad3; --focus: #2563c9; --grid: #e8ebef;
  --pass: #177a40; --fail: #c62f2b; --inconclusive: #946000; --invalid: #7a3fb0; --running: #2563c9; --sign: #ffffff;
  --pass-tint: #e8f5ec; --fail-tint: #fdecea; --inconclusive-tint: #fdf3e0; --invalid-tint: #f4ecfb; --running-tint: #e8f0fc;
  --rss: #2563c9; --pss: #0b7f8a; --heap: #8a3ffc; --trend: #177a40;
  --streams: #5a6472; --streams-fill: rgb(90 100 114 / 0.16); --fds: #9a5b00; --events: #0b7f8a; --events-fill: rgb(11 127 138 / 0.14);
  --end-client: #8592a3; --end-server-end: #2f8f5b; --end-refused: #b87c00; --end-server-reset: #d6453f; --end-connect-failed: #8f1d1a; --end-protocol-error: #7a3fb0;
  --band: rgb(20 24 29 / 0.022); --band-phase: rgb(20 24 29 / 0.035);
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #0e1116; --surface: #161a21; --sunken: #1c212a; --text: #e7eaef; --muted: #99a4b3;
    --line: #272d37; --line-strong: #46505e; --focus: #7db0ff; --grid: #232933;
    --pass: #4cc27d; --fail: #ff7b72; --inconclusive: #e5b04a; --invalid: #c39bff; --running: #7db0ff; --sign: #10141a;
    --pass-tint: #14271c; --fail-tint: #331a1b; --inconclusive-tint: #2d2413; --invalid-tint: #271d36; --running-tint: #16233a;
    --rss: #6aa5ff; --pss: #3cc4cf; --heap: #c39bff; --trend: #4cc27d;
    --streams: #99a4b3; --streams-fill: rgb(153 164 179 / 0.18); --fds: #e5b04a; --events: #3cc4cf; --events-fill: rgb(60 196 207 / 0.16);
    --end-client: #77839a; --end-server-end: #4cc27d; --end-refused: #e5b04a; --end-server-reset: #ff7b72; --end-connect-failed: #d6453f; --end-protocol-error: #c39bff;
    --band: rgb(255 255 255 / 0.025); --band-phase: rgb(255 255 255 / 0.035);
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--background); color: var(--text); font: 15px/1.5 var(--sans); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.page { max-width: 1144px; margin-inline: auto; padding-inline: clamp(16px, 4vw, 32px); }
h1, h2, h3, h4, p, ul, dl, dd, figure { margin: 0; padding: 0; }
ul { list-style: none; }
code, pre { font-family: var(--mono); font-size: 0.88em; }
code span { display: inline-block; max-width: 100%; }
.muted, .note, caption, figcaption, .hint { color: var(--muted); }
.empty, .none { color: var(--muted); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }

.pass { --tone: var(--pass); --tint: var(--pass-tint); }
.fail { --tone: var(--fail); --tint: var(--fail-tint); }
.inconclusive { --tone: var(--inconclusive); --tint: var(--inconclusive-tint); }
.invalid { --tone: var(--invalid); --tint: var(--invalid-tint); }
.running { --tone: var(--running); --tint: var(--running-tint); }
.icon { width: 16px; height: 16px; flex: none; fill: var(--tone); }
.icon path { fill: none; stroke: var(--sign); stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }

header.verdict { background: var(--surface); border-top: 4px solid var(--tone); border-bottom: 1px solid var(--line); padding-block: 24px 24px; }
.product { font-size: 13px; font-weight: 600; color: var(--muted); letter-spacing: 0.01em; }
.headline { display: flex; align-items: center; gap: 14px; margin-top: 14px; }
.headline .icon { width: 38px; height: 38px; }
h1 { font-size: clamp(30px, 5vw, 40px); line-height: 1.1; font-weight: 700; letter-spacing: -0.02em; color: var(--tone); }
h1::first-letter { text-transform: uppercase; }
.sentence { margin-top: 12px; max-width: 72ch; font-size: clamp(17px, 2.2vw, 20px); line-height: 1.45; text-wrap: pretty; }
.banner { margin-top: 16px; padding: 10px 14px; max-width: 80ch; border-left: 3px solid var(--inconclusive); border-radius: 0 6px 6px 0; background: var(--inconclusive-tint); }
.surroundings ul { margin: 4px 0 0; padding: 0; }
.surroundings li { overflow-wrap: anywhere; }
.surroundings li + li { margin-top: 6px; }
.meta { display: flex; flex-wrap: wrap; gap: 4px 24px; margin-top: 18px; font-size: 13px; }
.meta div { display: flex; gap: 7px; min-width: 0; }
.meta dt { flex: none; color: var(--muted); }

main section { margin-top: 40px; }
main section.figures { margin-top: 24px; }
h2 { font-size: 20px; line-height: 1.3; font-weight: 650; letter-spacing: -0.01em; margin-bottom: 14px; }
.figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 12px; }
.figure, .panel, .card, .command, .skipped li, .scroll { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
.figure { padding: 16px 18px; }
.figure h2 { margin: 0; font-size: 13px; font-weight: 500; letter-spacing: 0; color: var(--muted); }
.figure .value { margin-top: 4px; font-size: 26px; line-height: 1.2; font-weight: 650; letter-spacing: -0.02em; }
.figure .value .none { font-size: 18px; font-weight: 500; letter-spacing: 0; }
.figure .note { margin-top: 4px; font-size: 13px; }
.meter { display: block; margin-top: 10px; }
.meter + .note { margin-top: 7px; }
.meter .track { fill: var(--line); }
.meter .bar { fill: var(--rss); }
.meter.over .bar { fill: var(--fail); }

.panel { padding: 16px 18px; }
.chart-bar { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: 8px 24px; margin-bottom: 14px; font-size: 13px; }
.plot + .plot { margin-top: 6px; padding-top: 8px; border-top: 1px solid var(--line); }
.plot-head { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 16px; min-height: 26px; font-size: 13px; }
.plot-head h3 { font-size: 13px; line-height: 20px; font-weight: 600; }
.plot-head h3 .toggle { margin-left: -8px; white-space: nowrap; font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 4px; }
.toggle { display: inline-flex; align-items: center; gap: 7px; padding: 2px 8px; border: 0; background: none; text-align: left; }
.toggle:hover { background: var(--sunken); }
.toggle[aria-pressed="false"] { color: var(--muted); text-decoration: line-through; }
.toggle[aria-pressed="false"] .swatch { opacity: 0.35; }
.toggle.off-scale::after { content: "above this scale"; color: var(--muted); }
.swatch { display: inline-block; width: 14px; height: 10px; border-radius: 2px; flex: none; }
.swatch:is(.rss, .pss, .heap, .fds) { height: 3px; }
.swatch.rss { background: var(--rss); }
.swatch.pss { background: var(--pss); }
.swatch.heap { background: var(--heap); }
.swatch.fds { background: var(--fds); }
.swatch.streams { background: var(--streams-fill); border-top: 2px solid var(--streams); }
.swatch.events { background: var(--events-fill); border-top: 2px solid var(--events); }
.swatch.trend { background: linear-gradient(var(--trend), var(--trend)) center / 100% 2px no-repeat, color-mix(in srgb, var(--trend) 22%, transparent); }
.swatch.trend-leaks { background: linear-gradient(var(--fail), var(--fail)) center / 100% 2px no-repeat, color-mix(in srgb, var(--fail) 22%, transparent); }
.swatch.budget { height: 0; border-radius: 0; border-top: 2px dashed var(--fail); }
.swatch.client { background: var(--end-client); }
.swatch.server-end { background: var(--end-server-end); }
.swatch.refused { background: var(--end-refused); }
.swatch.server-reset { background: var(--end-server-reset); }
.swatch.connect-failed { background: var(--end-connect-failed); }
.swatch.protocol-error { background: var(--end-protocol-error); }
.controls { display: flex; min-width: 0; max-width: 100%; flex-wrap: wrap; gap: 8px 12px; align-items: center; }
.controls label { display: flex; align-items: center; min-width: 0; color: var(--muted); }
select, button { font: inherit; font-size: 13px; line-height: 20px; color: var(--text); background: var(--surface); border: 1px solid var(--line-strong); border-radius: 6px; padding: 4px 10px; cursor: pointer; max-width: 100%; }
select { margin-left: 8px; min-width: 0; max-width: 240px; text-overflow: ellipsis; }
button:hover, select:hover { border-color: var(--muted); }
.controls button[aria-pressed="true"] { background: var(--text); border-color: var(--text); color: var(--surface); }
#chart { position: relative; min-width: 0; }
#chart .uplot { font-family: var(--sans); }
.u-select { background: rgb(37 99 201 / 0.14); }
.u-hz .u-cursor-x, .u-vt .u-cursor-y { border-right: 1px solid var(--line-strong); }
.tip { position: absolute; inset: 0 auto auto 0; z-index: 5; pointer-events: none; width: max-content; max-width: 340px; padding: 9px 12px; font-size: 12.5px; line-height: 1.45; background: var(--surface); border: 1px solid var(--line-strong); border-radius: 8px; box-shadow: 0 6px 20px rgb(0 0 0 / 0.14); }
.tip strong { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; font-weight: 600; margin-bottom: 4px; }
.tip dl { display: grid; grid-template-columns: auto auto; gap: 1px 16px; }
.tip dt { display: flex; align-items: baseline; gap: 7px; color: var(--muted); }
.tip dt span { align-self: flex-start; width: 10px; flex: none; margin-top: 5px; }
.tip dt span:is(.rss, .pss, .heap, .fds) { margin-top: 8px; }
.tip dt span.streams, .tip dt span.events { height: 8px; margin-top: 6px; }
.tip dd { text-align: right; white-space: nowrap; }
.hint { font-size: 12.5px; text-wrap: pretty; }
@media (hover: none) { .hint { display: none; } }
details.data { margin-top: 10px; font-size: 13px; }
details.data .scroll { margin-top: 10px; max-height: 380px; overflow: auto; }

summary { cursor: pointer; }
.data > summary, .finding summary, .times > summary { width: max-content; max-width: 100%; color: var(--muted); font-size: 13px; }
.data > summary:hover, .finding summary:hover { color: var(--text); }
.cards { display: grid; gap: 10px; }
.card > summary { display: grid; grid-template-columns: 10px minmax(0, 1fr) auto; gap: 4px 16px; align-items: start; padding: 14px 18px; list-style: none; border-radius: 9px; }
.card > summary::-webkit-details-marker { display: none; }
.card > summary:hover { background: var(--sunken); }
.card[open] > summary { border-radius: 9px 9px 0 0; }
.card:not(.pass) { border-left: 3px solid var(--tone); }
.chevron { width: 7px; height: 7px; margin-top: 9px; border: solid var(--muted); border-width: 0 1.5px 1.5px 0; transform: rotate(-45deg); }
.card[open] > summary .chevron { transform: rotate(45deg); }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; }
h3 { font-size: 16px; line-height: 1.5; font-weight: 650; }
.what p { color: var(--muted); font-size: 14px; max-width: 68ch; text-wrap: pretty; }
.pill { display: inline-flex; align-items: center; gap: 6px; padding: 1px 10px 1px 3px; border-radius: 99px; font-size: 12.5px; line-height: 20px; font-weight: 600; background: var(--tint); color: var(--tone); }
.stats { display: grid; grid-template-columns: 92px 84px 104px; text-align: right; white-space: nowrap; }
.stats div { display: flex; flex-direction: column-reverse; }
.stats dt { font-size: 12px; line-height: 1.4; color: var(--muted); }
.stats dd { font-weight: 600; line-height: 24px; }
.body { border-top: 1px solid var(--line); padding: 14px 18px 16px 44px; }
.body > .empty { padding-top: 12px; }
.finding { display: flex; gap: 12px; padding-block: 14px; border-bottom: 1px solid var(--line); }
.finding > .icon { margin-top: 3px; }
.finding > div { min-width: 0; flex: 1; }
h4 { font-size: 14.5px; line-height: 1.5; font-weight: 600; }
.finding h4 .word { margin-left: 6px; font-weight: 500; font-size: 13px; color: var(--tone); }
.finding p { max-width: 80ch; text-wrap: pretty; }
.finding .time { display: flex; gap: 8px; margin-top: 8px; padding: 8px 12px; border-radius: 8px; background: var(--tint); font-weight: 600; }
.finding .time svg { flex: none; width: 16px; height: 16px; margin-top: 3px; fill: none; stroke: var(--tone); stroke-width: 1.6; stroke-linecap: round; }
.times { margin-top: 14px; }
.times .scroll { margin-top: 8px; }
.times caption { padding: 10px 14px 4px; font-size: 12.5px; }
.times :is(th, td) { white-space: nowrap; padding: 6px 14px; font-size: 13.5px; }
.times .group th { padding-top: 12px; padding-bottom: 4px; border-top: 1px solid var(--line); }
.times tr:not(.group) :is(th, td) { border-top: 0; }
.times tr:not(.group) th { font-weight: 400; }
.times thead th { color: var(--muted); font-size: 12.5px; }
.times .label { display: none; }
.times-plot { display: block; overflow: visible; }
.times-plot text { font: 11px var(--sans); fill: var(--muted); text-anchor: middle; }
.times-plot .grid { stroke: var(--line); }
.times-plot .tail { stroke: var(--rss); stroke-width: 1.5; opacity: 0.45; }
.times-plot .body { stroke: var(--rss); stroke-width: 3; opacity: 0.55; }
.times-plot .mark { stroke: var(--rss); stroke-width: 2; }
.times-plot circle { fill: var(--rss); }
.finding details { margin-top: 6px; }
.evidence { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(210px, 100%), 1fr)); gap: 10px 24px; margin-top: 8px; padding: 12px 16px; background: var(--sunken); border-radius: 8px; font-size: 13.5px; }
.evidence:empty { display: none; }
.evidence.words { grid-template-columns: minmax(0, 1fr); gap: 6px; }
.evidence.words div { display: grid; grid-template-columns: minmax(120px, 210px) minmax(0, 1fr); gap: 0 24px; align-items: baseline; }
.evidence:not(:empty) + .words { margin-top: 6px; }
.evidence dt, .facts dt { color: var(--muted); font-size: 12.5px; }
.evidence dd { font-weight: 500; white-space: pre-wrap; }
.gaps { padding-block: 14px; border-bottom: 1px solid var(--line); font-size: 14px; }
.facts { font-size: 14px; }
.facts div { display: grid; grid-template-columns: 140px minmax(0, 1fr); gap: 12px; padding-block: 4px; align-items: start; }
.facts dt { line-height: 21px; }
.body .facts { margin-top: 12px; }
.body .facts div { padding-block: 2px; }

.levels { margin-top: 12px; max-width: 460px; }
.levels .band { fill: var(--rss); opacity: 0.16; }
.levels .fit { fill: none; stroke: var(--rss); stroke-width: 1; opacity: 0.6; }
@media (min-width: 1000px) {
  .leak-evidence { display: grid; grid-template-columns: minmax(0, 1fr) 420px; gap: 0 20px; align-items: start; }
  .leak-evidence .words:empty { display: none; }
  .leak-evidence .words { margin-top: 6px; }
  .leak-evidence .words div { grid-template-columns: 130px minmax(0, 1fr); gap: 0 16px; }
}
.levels svg { display: block; width: 100%; height: auto; overflow: visible; }
.levels text, .interval text { font: 11px var(--sans); fill: var(--muted); }
.levels .end { text-anchor: end; }
.levels .axis { fill: none; stroke: var(--line-strong); }
.levels .line { fill: none; stroke: var(--rss); stroke-width: 1.5; }
.levels circle { fill: var(--rss); }
.threshold { fill: none; stroke: var(--fail); stroke-dasharray: 4 3; }
figcaption { margin-top: 4px; font-size: 12.5px; }

.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
caption { text-align: left; padding: 14px 18px 10px; font-size: 13.5px; text-wrap: pretty; }
.data caption { padding-block: 10px 4px; font-size: 12.5px; }
th, td { padding: 9px 18px; text-align: left; vertical-align: middle; border-top: 1px solid var(--line); overflow-wrap: normal; }
thead th { font-size: 12.5px; font-weight: 500; color: var(--muted); border-top: 0; white-space: nowrap; }
tbody th { font-weight: 600; }
tbody th .muted { font-weight: 400; }
.data th, .data td { padding-block: 5px; font-size: 13px; }
.number { text-align: right; white-space: nowrap; }
.state { display: inline-flex; align-items: center; gap: 7px; color: var(--tone); font-weight: 600; white-space: nowrap; }

.skipped { display: grid; gap: 10px; }
.skipped li { padding: 14px 18px; }
.command { display: flex; gap: 12px; align-items: center; padding: 6px 8px 6px 18px; }
.command pre { flex: 1; min-width: 0; margin: 0; padding-block: 8px; white-space: pre-wrap; font-size: 14px; }
.columns { display: grid; gap: 18px; margin-top: 22px; }
.columns .facts { columns: 2; column-gap: 48px; }
.columns .facts div { break-inside: avoid; }
.columns h3 { margin-bottom: 4px; }
footer { margin-top: 48px; padding-block: 20px 32px; border-top: 1px solid var(--line); font-size: 13px; color: var(--muted); }

@media (max-width: 860px) {
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .columns .facts { columns: auto; }
  .card > summary { grid-template-columns: 10px minmax(0, 1fr); }
  .stats { grid-column: 2; grid-template-columns: repeat(3, auto); justify-content: start; gap: 24px; text-align: left; margin-top: 4px; }
}
@media (max-width: 560px) {
  main section { margin-top: 32px; }
  .figures { gap: 8px; }
  .figure { padding: 12px 14px; }
  .figure .value { font-size: 22px; }
  .panel { padding: 14px 12px; }
  .card > summary { padding: 14px; gap: 4px 12px; }
  .body { padding: 12px 14px 14px; }
  .levels text { font-size: 15px; }
  .facts div { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .evidence { grid-template-columns: repeat(auto-fill, minmax(118px, 1fr)); gap: 10px 16px; padding: 10px 12px; }
  .times thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .times table, .times caption, .times tbody { display: block; }
  .times tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 4px 10px; padding: 8px 12px; }
  .times tr :is(th, td), .times .group th { padding: 0; border: 0; }
  .times tr.group { padding-bottom: 0; border-top: 1px solid var(--line); }
  .times tr > :is(th, .spread) { grid-column: 1 / -1; }
  .times .number { text-align: left; }
  .times .label { display: block; font-size: 11.5px; color: var(--muted); }
  .times-plot { width: 100%; height: auto; max-height: 26px; }
  .evidence.words, .evidence.words div { grid-template-columns: minmax(0, 1fr); }
  .tip { width: 100%; max-width: none; padding: 8px 12px; font-size: 12.5px; }
  .tip dl { grid-template-columns: minmax(0, 1fr) auto; column-gap: 10px; }
}
@media print {
  body { background: none; }
  .controls, .hint, .chevron, #copy, details.data { display: none; }
  .card, .figure, .panel, .finding { break-inside: avoid; }
}
`;
