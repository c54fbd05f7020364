// @ts-check
/** How everything of ours looks, in the colours of the page's theme. */

export const CSS = `
.sigmatic-plot {
  --sig-text: var(--input-text, #ddd); --sig-soft: color-mix(in srgb, var(--sig-text) 62%, transparent);
  --sig-line: color-mix(in srgb, var(--sig-text) 16%, transparent);
  --sig-level: #3d93d4; --sig-noise: #e8853d; --sig-eta: #a86fdc; --sig-s: #2fa36f; --sig-warn: color-mix(in srgb, #f5a623 72%, var(--sig-text));
  display: flex; flex-direction: column; width: 100%; height: 100%; min-height: 0; overflow: hidden; box-sizing: border-box;
  background: var(--component-node-background, var(--comfy-input-bg, #222)); color: var(--sig-text); border-radius: 6px; font: 10px/1.3 sans-serif;
  outline-offset: -2px; user-select: none;
}
[data-node-id] .sigmatic-plot { min-height: calc(184px + var(--sig-more, 0px)); }
[data-node-id] .sigmatic-plot.open { min-height: calc(380px + var(--sig-more, 0px)); }
.sigmatic-plot .bar { display: flex; gap: 3px; padding: 3px 4px 0; flex: none; }
.sigmatic-plot .bar > * {
  font: inherit; color: var(--sig-soft); background: transparent; border: 1px solid var(--sig-line); border-radius: 4px;
  padding: 1px 3px; height: 18px; min-width: 0; cursor: pointer; box-sizing: border-box;
}
.sigmatic-plot .bar > :hover, .sigmatic-plot .bar > :focus-visible { color: var(--sig-text); border-color: var(--sig-soft); }
.sigmatic-plot .bar select { flex: 1 1 0; text-overflow: ellipsis; appearance: none; text-align: center; }
.sigmatic-plot .bar option { color: var(--input-text, #ddd); background: var(--comfy-menu-bg, #222); }
.sigmatic-plot .picture { flex: 1 1 0; min-height: 0; position: relative; }
.sigmatic-plot svg { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.sigmatic-plot .says, .sigmatic-plot .warns { flex: none; padding: 0 6px 3px; overflow-wrap: anywhere; box-sizing: border-box; }
.sigmatic-plot .says { min-height: 16px; color: var(--sig-soft); }
.sigmatic-plot .warns { color: var(--sig-warn); font-weight: 600; }
.sigmatic-plot [hidden] { display: none; }
.sigmatic-plot.wrong > .picture svg { opacity: 0.25; }
.sigmatic-plot.wrong > .says, .sigmatic-plot .curve.wrong .says { color: var(--error-text, #e5484d); }
.sigmatic-plot .recipe { flex: none; height: 62px; display: flex; gap: 6px; padding: 4px 6px; box-sizing: border-box; border-bottom: 1px solid var(--sig-line); }
.sigmatic-plot .recipe > div { flex: 1; min-width: 0; overflow: hidden; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; }
.sigmatic-plot .recipe span { color: var(--sig-soft); }
.sigmatic-plot .recipe button { flex: none; align-self: start; font: inherit; color: var(--sig-text); background: transparent; border: 1px solid var(--sig-soft); border-radius: 4px; padding: 2px 10px; cursor: pointer; }
[data-node-id] .sigmatic-plot.known { min-height: calc(246px + var(--sig-more, 0px)); }
.sigmatic-plot .label { fill: var(--sig-soft); font: 9px sans-serif; }
.sigmatic-plot .legend .main { fill: var(--sig-level); }
.sigmatic-plot .legend .noise { fill: var(--sig-noise); }
.sigmatic-plot .legend .evaluations { fill: var(--sig-text); stroke: none; }
.sigmatic-plot .grid { stroke: var(--sig-line); stroke-width: 1; }
.sigmatic-plot .frame { stroke: var(--sig-soft); stroke-width: 1; }
.sigmatic-plot .levels polyline { fill: none; stroke: var(--sig-level); stroke-width: 1.6; stroke-linejoin: round; }
.sigmatic-plot .levels circle { fill: var(--sig-level); }
.sigmatic-plot .n1 { --sig-level: #e8853d; }
.sigmatic-plot .n2 { --sig-level: #2fa36f; }
.sigmatic-plot .n3 { --sig-level: #a86fdc; }
.sigmatic-plot .n4 { --sig-level: #d4485f; }
.sigmatic-plot .n5 { --sig-level: #b59a1e; }
.sigmatic-plot .levels.other polyline { stroke: var(--sig-soft); stroke-dasharray: 4 3; stroke-width: 1.2; }
.sigmatic-plot .levels.other circle { fill: var(--sig-soft); }
.sigmatic-plot .noise rect { fill: var(--sig-noise); fill-opacity: 0.55; }
.sigmatic-plot .switch line { stroke: var(--sig-text); stroke-width: 1; stroke-dasharray: 3 3; }
.sigmatic-plot .evaluations { stroke: var(--sig-text); stroke-width: 1; fill: none; }
.sigmatic-plot path.eta { stroke: var(--sig-eta); stroke-width: 1.5; fill: none; }
.sigmatic-plot path.s_noise { stroke: var(--sig-s); stroke-width: 1.5; fill: none; }
.sigmatic-plot path.detail { stroke: var(--sig-noise); stroke-width: 1.5; fill: none; }
.sigmatic-plot path.cfg { stroke: var(--sig-level); stroke-width: 1.5; fill: none; }
.sigmatic-plot .label.eta { fill: var(--sig-eta); }
.sigmatic-plot .label.s_noise { fill: var(--sig-s); }
.sigmatic-plot .levels.over polyline { stroke-dasharray: 5 5; }
.sigmatic-plot .levels.ran polyline { stroke: var(--sig-s); stroke-width: 1.2; }
.sigmatic-plot .levels.ran circle, .sigmatic-plot .legend .ran { fill: var(--sig-s); }
.sigmatic-plot .marker rect { fill: var(--sig-level); fill-opacity: 0.13; }
.sigmatic-plot .marker line { stroke: var(--sig-text); stroke-width: 1.5; }
.sigmatic-far .sigmatic-plot :is(.label, .says, .bar, .recipe > *, .foot) { visibility: hidden; }
.sigmatic-plot .pointer rect { fill: var(--sig-text); fill-opacity: 0.1; }
.sigmatic-plot .pointer circle { fill: none; stroke: var(--sig-text); stroke-width: 1.5; }
.sigmatic-plot .curve { flex: none; height: 196px; display: flex; flex-direction: column; border-top: 1px solid var(--sig-line); }
.sigmatic-plot .curve .picture { cursor: crosshair; touch-action: none; }
.sigmatic-plot .curve .picture:focus-visible { outline: 1px solid var(--sig-soft); outline-offset: -1px; }
.sigmatic-plot .curve.eta_curve { --sig-level: var(--sig-eta); }
.sigmatic-plot .curve.s_noise_curve { --sig-level: var(--sig-s); }
.sigmatic-plot .curve.detail { --sig-level: var(--sig-noise); }
.sigmatic-plot .curve select, .sigmatic-plot .curve input { font: inherit; color: var(--sig-text); background: transparent; border: 1px solid var(--sig-line); border-radius: 4px; min-width: 0; }
.sigmatic-plot .curve input { width: 44px; }
.sigmatic-plot .curve option { color: var(--input-text, #ddd); background: var(--comfy-menu-bg, #222); }
.sigmatic-plot .curve .foot { display: flex; flex: none; gap: 4px; padding: 0 4px 3px; align-items: center; }
.sigmatic-plot .curve .says { flex: 1; padding: 0 2px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.sigmatic-plot .curve button { font: inherit; color: var(--sig-soft); background: transparent; border: 1px solid var(--sig-line); border-radius: 4px; cursor: pointer; }
.sigmatic-plot .curve .knob { fill: var(--sig-level); stroke: var(--component-node-background, #222); stroke-width: 1.5; cursor: grab; }
.sigmatic-plot .curve .knob.chosen { stroke: var(--sig-text); }
.sigmatic-info {
  width: 100%; height: 100%; min-height: 0; margin: 0; padding: 6px 8px; overflow: auto; box-sizing: border-box; white-space: pre-wrap; user-select: text;
  background: var(--component-node-background, var(--comfy-input-bg, #222)); color: var(--input-text, #ddd); border-radius: 6px; font: 11px/1.35 monospace;
}
[data-node-id] .sigmatic-info { min-height: 150px; max-height: 360px; }
[data-node-id]:has(.ofSigmaticCompare) textarea { min-height: 228px; }
[data-node-id]:has(.ofSigmaticSweep) textarea { min-height: 120px; }
.sigmatic-report { width: min(1280px, 94vw); height: 92vh; max-width: none; max-height: none; margin: auto; padding: 0; border: 1px solid var(--border-color, #444); border-radius: 8px; background: var(--comfy-menu-bg, #222); color: var(--input-text, #ddd); overflow: hidden; font: 13px/1.4 sans-serif; }
.sigmatic-report[open] { display: flex; flex-direction: column; }
.sigmatic-report::backdrop { background: #0008; }
.sigmatic-report .row { display: flex; gap: 12px; align-items: center; padding: 8px 12px; border-bottom: 1px solid var(--border-color, #444); }
.sigmatic-report b { flex: 1; overflow-wrap: anywhere; }
.sigmatic-report a { color: inherit; }
.sigmatic-report button { font: inherit; padding: 2px 10px; cursor: pointer; color: inherit; background: var(--comfy-input-bg, #333); border: 1px solid var(--border-color, #444); border-radius: 6px; }
.sigmatic-report iframe { flex: 1; min-height: 0; border: 0; background: Canvas; }
.sigmatic-sheet {
  --sig-text: var(--input-text, #ddd); --sig-soft: color-mix(in srgb, var(--sig-text) 62%, transparent); --sig-line: color-mix(in srgb, var(--sig-text) 16%, transparent);
  display: flex; flex-direction: column; width: 100%; height: 100%; min-height: 0; overflow: hidden; box-sizing: border-box; padding: 4px; gap: 4px; user-select: none;
  background: var(--component-node-background, var(--comfy-input-bg, #222)); color: var(--sig-text); border-radius: 6px; font: 11px/1.25 sans-serif;
}
[data-node-id] .sigmatic-sheet { min-height: var(--sig-high, 0px); height: var(--sig-high, 0px); }
.sigmatic-sheet .bar, .sigmatic-sheet .lists { display: flex; gap: 3px; flex: none; }
.sigmatic-sheet :is(.bar button, select) { flex: 1 1 0; min-width: 0; font: inherit; color: var(--sig-soft); background: transparent; border: 1px solid var(--sig-line); border-radius: 4px; padding: 2px 4px; cursor: pointer; text-overflow: ellipsis; }
.sigmatic-sheet .lists select:nth-child(3) { flex: 0 0 58px; }
.sigmatic-sheet option { color: var(--input-text, #ddd); background: var(--comfy-menu-bg, #222); }
.sigmatic-sheet [aria-pressed="true"] { color: var(--sig-text); border-color: #3d93d4; }
.sigmatic-sheet .rows { flex: 1 1 0; min-height: 0; overflow-y: auto; }
.sigmatic-sheet .row { display: flex; gap: 6px; align-items: center; width: 100%; min-height: 44px; padding: 2px 3px; text-align: start; font: inherit; color: inherit; background: transparent; border: 1px solid transparent; border-top-color: var(--sig-line); cursor: pointer; }
.sigmatic-sheet .row:hover, .sigmatic-sheet .row:focus-visible { border-color: #3d93d4; outline: none; }
.sigmatic-sheet .row svg { flex: 1 1 0; min-width: 0; height: 40px; }
.sigmatic-sheet .words { flex: 0 0 44%; min-width: 0; overflow-wrap: anywhere; font-size: calc(11px * var(--sig-grow, 1)); }
.sigmatic-sheet .words > * { display: block; }
.sigmatic-sheet .words span { color: var(--sig-soft); font-size: 0.9em; }
.sigmatic-sheet .words .seen { color: var(--sig-text); }
.sigmatic-far .sigmatic-sheet .words span:not(.seen) { display: none; }
.sigmatic-sheet .slide { flex: 1 1 0; min-height: 0; display: flex; flex-direction: column; gap: 4px; }
.sigmatic-sheet .stage { flex: 1 1 0; min-height: 0; display: flex; justify-content: center; }
.sigmatic-sheet .stage > div { position: relative; height: 100%; max-width: 100%; cursor: ew-resize; touch-action: none; }
.sigmatic-sheet .stage svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.sigmatic-sheet .line { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; background: #3d93d4; pointer-events: none; }
.sigmatic-sheet input[type="range"] { flex: none; width: 100%; margin: 0; accent-color: #3d93d4; }
.sigmatic-sheet .told { display: flex; justify-content: space-between; gap: 8px; flex: none; font-size: calc(10px * var(--sig-grow, 1)); }
.sigmatic-sheet .told span:last-child { text-align: end; }
.sigmatic-ticks { display: flex; flex-wrap: wrap; gap: 2px 12px; max-width: 380px; justify-content: flex-end; }
.sigmatic-browser { display: flex; flex-direction: column; gap: 6px; padding: 10px; height: 100%; box-sizing: border-box; font: 13px/1.4 sans-serif; color: var(--input-text, #ddd); }
.sigmatic-browser .row { display: flex; gap: 6px; }
.sigmatic-browser select, .sigmatic-browser input {
  flex: 1; min-width: 0; padding: 5px 6px; font: inherit; color: var(--input-text, #ddd); background: var(--comfy-input-bg, #222);
  border: 1px solid var(--border-color, #444); border-radius: 6px;
}
.sigmatic-browser input { flex: none; }
.sigmatic-browser .count, .sigmatic-browser .source { color: var(--descrip-text, #999); font-size: 11px; }
.sigmatic-browser ul { list-style: none; margin: 0; padding: 0; overflow-y: auto; flex: 1; min-height: 0; }
.sigmatic-browser li { padding: 8px 2px; border-top: 1px solid var(--border-color, #444); }
.sigmatic-browser .head { display: flex; justify-content: space-between; align-items: center; gap: 6px; }
.sigmatic-browser .head b { overflow-wrap: anywhere; }
.sigmatic-browser button { font: inherit; font-size: 12px; padding: 2px 10px; cursor: pointer; color: var(--input-text, #ddd); background: var(--comfy-input-bg, #222); border: 1px solid var(--border-color, #444); border-radius: 6px; }
.sigmatic-browser button:hover, .sigmatic-browser button:focus-visible { border-color: var(--input-text, #ddd); }
.sigmatic-browser .hint { display: flex; gap: 6px; align-items: center; font-size: 12px; }
.sigmatic-browser .hint span { flex: 1; }
.sigmatic-browser .chips { display: flex; flex-wrap: wrap; gap: 4px; }
.sigmatic-browser .chips button { font-size: 11px; padding: 1px 8px; border-radius: 10px; }
.sigmatic-browser .chips [aria-pressed="true"] { border-color: #3d93d4; background: color-mix(in srgb, #3d93d4 25%, transparent); }
.sigmatic-browser .body { display: flex; gap: 8px; align-items: flex-start; justify-content: space-between; margin: 3px 0; }
.sigmatic-browser .sketch { flex: none; width: 84px; height: 40px; border-radius: 4px; background: color-mix(in srgb, var(--input-text, #ddd) 7%, transparent); }
.sigmatic-browser .sketch polyline { fill: none; stroke: #3d93d4; stroke-width: 1.5; }
.sigmatic-browser .sketch rect { fill: #e8853d; fill-opacity: 0.6; }
.sigmatic-browser .sketch path { stroke: var(--input-text, #ddd); stroke-width: 1; opacity: 0.7; }
.sigmatic-browser summary { cursor: pointer; }
.sigmatic-browser [hidden] { display: none; }
.sigmatic-browser .presets .row { flex-wrap: wrap; }
.sigmatic-browser .presets .row input { flex: 1 1 140px; }
.sigmatic-browser .head input { flex: 1; }
.sigmatic-browser input.wrong { border-color: var(--error-text, #e5484d); }
.sigmatic-browser .facts { display: flex; flex-wrap: wrap; gap: 4px; margin: 3px 0; }
.sigmatic-browser .facts span { font-size: 11px; padding: 0 6px; border-radius: 8px; background: color-mix(in srgb, var(--input-text, #ddd) 13%, transparent); }
`;

/** Put the styles into the page, once. */
export function dress() {
  if (document.getElementById("sigmatic-style")) return;
  const style = document.createElement("style");
  style.id = "sigmatic-style";
  style.textContent = CSS;
  document.head.append(style);
}
