// @ts-check
/** Far away, words are only noise: below half size the plots show their lines alone. Labels of pictures grow instead. */

import { app, chain } from "../host.js";

const NEAR = 0.5;
/** Labels keep their size on the screen down to this zoom; there are only so many of them. */
const LEAST = 0.4;

/** Watch the zoom. */
export function watchZoom() {
  let seen = 0;
  const look = () => {
    const scale = app.canvas?.ds?.scale ?? 1;
    if (scale === seen) return;
    seen = scale;
    document.body.classList.toggle("sigmatic-far", scale < NEAR);
    document.body.style.setProperty("--sig-grow", String(1 / Math.min(1, Math.max(LEAST, scale))));
  };
  chain(app.canvas, "onDrawForeground", look);
  look();
}
