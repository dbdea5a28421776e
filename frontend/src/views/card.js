import { el } from "./el.js";

/** @param {string} id @param {string} title @param {...import("./el.js").Child} children */
export function card(id, title, ...children) {
  const titleId = `${id}-title`;
  return el("section", { class: "card", id, "aria-labelledby": titleId }, el("h2", { id: titleId }, title), ...children);
}

/** Pairs of a term and what it is; pairs without a value are left out. @param {[string, import("./el.js").Child][]} pairs */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", { class: "facts" }, ...shown.map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value))));
}
