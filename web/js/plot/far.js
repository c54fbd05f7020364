// @ts-check
/** Far away, words are only noise: below half size the plots show their lines alone. */

import { app, chain } from "../host.js";

const NEAR = 0.5;

/** Watch the zoom. */
export function watchZoom() {
  const look = () => document.body.classList.toggle("sigmatic-far", (app.canvas?.ds?.scale ?? 1) < NEAR);
  chain(app.canvas, "onDrawForeground", look);
  look();
}
