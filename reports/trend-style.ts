/** What the page of trends has beside the style of the report. Colours are apart for eyes that do not tell red from green (Okabe and Ito). */
export const trendStyle = `
:root { --env-0: #0072b2; --env-1: #b35900; --env-2: #007a5a; --env-3: #a0457f; --env-4: #5a6472; }
@media (prefers-color-scheme: dark) { :root { --env-0: #56b4e9; --env-1: #f0a04b; --env-2: #3fc9a0; --env-3: #dd9dc4; --env-4: #99a4b3; } }
.trends { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(460px, 100%), 1fr)); gap: 14px; }
.trends .panel { min-width: 0; }
.trends h3 { margin-bottom: 2px; }
.trends .plot { position: relative; min-width: 0; min-height: 180px; margin-top: 8px; }
.trends .plot .uplot { font-family: var(--sans); }
.trends .reading { min-height: 3em; font-size: 12.5px; color: var(--muted); }
.trend-head { background: var(--surface); border-bottom: 1px solid var(--line); padding-block: 24px; }
.trend-head h1 { color: var(--text); margin-top: 10px; }
.swatch.env { height: 11px; width: 11px; border: 0; border-radius: 50%; }
.env-0 { background: var(--env-0); } .env-1 { background: var(--env-1); } .env-2 { background: var(--env-2); } .env-3 { background: var(--env-3); } .env-4 { background: var(--env-4); }
.legend.envs { margin-top: 14px; font-size: 13px; flex-direction: column; }
.legend.envs li { align-items: baseline; }
`;
