// @ts-check
/** Plots on the clipboard, as a picture and as text. */

import { toast } from "../host.js";
import { say } from "../say.js";
import { html } from "../svg.js";

/** Copy a drawing with a line of text under it. @param {SVGSVGElement} svg @param {string} line */
export async function copyChart(svg, line) {
  const how = await copyPicture(await png(svg, [line]), "sigmatic-plot.png");
  toast("success", how === "copied" ? say("The plot is on the clipboard as a picture.") : say("The plot is saved as a picture."));
}

/** Copy a table. @param {string} table */
export async function copyTable(table) {
  await copyText(table);
  toast("success", say("The plot is on the clipboard as text."));
}

const STYLED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "font", "opacity"];

/** The picture as a PNG, `zoom` times as large, with a line of text under it. */
/** @param {SVGSVGElement} svg @param {string[]} lines @param {number} zoom @returns {Promise<Blob>} */
async function png(svg, lines, zoom = 3) {
  const [, , width, height] = (svg.getAttribute("viewBox") ?? "0 0 300 150").split(" ").map(Number);
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const [from, to] = [svg, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const name of STYLED) /** @type {any} */ (to[i]).style.setProperty(name, style.getPropertyValue(name));
  });
  const style = getComputedStyle(/** @type {Element} */ (svg.parentElement));
  const foot = 14 * lines.length + 4;
  copy.setAttribute("width", String(width * zoom));
  copy.setAttribute("height", String(height * zoom));
  const url = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
  const image = new Image();
  await new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = reject;
    image.src = url;
  });
  const canvas = document.createElement("canvas");
  canvas.width = width * zoom;
  canvas.height = (height + foot) * zoom;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  context.scale(zoom, zoom);
  context.fillStyle = style.color;
  context.font = "10px sans-serif";
  lines.forEach((line, i) => context.fillText(line, 8, height + 10 + 14 * i, width - 16));
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject()), "image/png"));
}

/** Copy `text`; on pages without a secure connection by way of a selected field. @param {string} text */
async function copyText(text) {
  if (navigator.clipboard?.writeText) return navigator.clipboard.writeText(text);
  const field = /** @type {HTMLTextAreaElement} */ (html("textarea", { style: "position: fixed; opacity: 0" }));
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

/** Copy a picture; where the browser does not let pages do that, save it as a file. */
/** @param {Blob} blob @param {string} name @returns {Promise<"copied" | "saved">} */
async function copyPicture(blob, name) {
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    return "copied";
  } catch {
    const link = /** @type {HTMLAnchorElement} */ (html("a", { href: URL.createObjectURL(blob), download: name }));
    link.click();
    URL.revokeObjectURL(link.href);
    return "saved";
  }
}
