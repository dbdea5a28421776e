/**
 * Where to look: a form field by its label, anything by role and name, or by a CSS selector. `name` and `label` are
 * the whole text, or a part of it where `part` is true; an element that is not shown is not found.
 * @typedef {{ label: string, part?: boolean } | { role: "alert" | "button" | "heading" | "link", name: string, part?: boolean } | { selector: string, name?: string, part?: boolean }} What
 */

/** Runs in the page, and so stands alone. @param {What} what @returns {Element | null} */
export function find(what) {
  const roles = {
    alert: "[role=alert]",
    button: "button, [role=button], input[type=submit]",
    heading: "h1, h2, h3, h4, h5, h6, [role=heading]",
    link: "a[href], [role=link]",
  };
  const fits = (/** @type {string} */ text, /** @type {string} */ wanted) => (what.part ? text.includes(wanted) : text.trim() === wanted);
  const isShown = (/** @type {Element} */ element) => element.getClientRects().length > 0;
  const nameOf = (/** @type {Element} */ element) => element.getAttribute("aria-label") ?? element.textContent ?? "";
  if ("label" in what) {
    const labels = [...document.querySelectorAll("label")];
    return labels.flatMap((label) => (label.control && isShown(label.control) && fits(nameOf(label), what.label) ? [label.control] : []))[0] ?? null;
  }
  const { name } = what;
  const candidates = [...document.querySelectorAll("selector" in what ? what.selector : roles[what.role])];
  return candidates.find((element) => isShown(element) && (name === undefined || fits(nameOf(element), name))) ?? null;
}
