// @ts-check
/** The declarations of samplers and schedules, asked for once. */

import { api } from "../host.js";

/** @returns {Promise<import("./browser.js").Catalogue>} */
async function load() {
  try {
    const reply = await api.fetchApi("/sigmatic/samplers");
    if (reply.ok) return await reply.json();
  } catch {
    // without the server's part there is nothing to list
  }
  return { samplers: [], schedules: [] };
}

export const catalogue = await load();
