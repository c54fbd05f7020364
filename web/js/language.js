// @ts-check
/** The language of the page: its phrases are fetched when it is known, and again when it is changed. */

import { setting } from "./host.js";
import { speak } from "./say.js";

const LANGUAGES = ["de", "es", "fr", "ja", "ko", "ru", "zh"];
let spoken = "en";

/** Learn the language that the page is set to. @returns {Promise<boolean>} whether it is another one than before */
export async function learn() {
  const wanted = String(setting("Comfy.Locale", "en"));
  const language = [wanted, wanted.split("-")[0]].find((tag) => LANGUAGES.includes(tag)) ?? "en";
  if (language === spoken) return false;
  spoken = language;
  speak(language === "en" ? {} : await phrases(language));
  return true;
}

/** @param {string} language @returns {Promise<Record<string, string>>} */
async function phrases(language) {
  try {
    const reply = await fetch(new URL(`../words/${language}.json`, import.meta.url), { cache: "no-cache" });
    if (reply.ok) return await reply.json();
  } catch {
    // English will do
  }
  return {};
}

await learn();
